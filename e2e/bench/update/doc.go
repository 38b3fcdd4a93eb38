// Update measures what an update costs: the same images written into the same
// slot in the same run by a plain copy, by a compressed image over HTTP, by RAUC,
// by casync and by our worker. `make bench` runs it; it needs root, two loop
// devices, and installs nothing.
//
// The images come from make-images beside this file: a monthly release and a hot
// fix made from Debian's own package updates.
//
// Before each run caches are dropped; every run ends with an fsync and is
// compared with the image byte for byte. Time is the wall's; CPU is the sum over
// all processes of the run; memory is the peak of the sum of their resident sets,
// polled; bytes read and written are those of the two slots' block devices; bytes
// of the network are those that the server sent. The server's own CPU does not
// count, but it has to be had: on two processors it takes from the others.
package main
