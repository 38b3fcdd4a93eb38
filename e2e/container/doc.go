// Package container boots an image's root filesystem with
// systemd-nspawn, for tests that need the real systemd, bus, hostnamed and Avahi
// but no kernel, disk or boot loader of their own: it is up in seconds.
//
// The root is the directory the image build put together, read-only as on the
// device; nothing is unpacked or copied. The partitions' places are fresh
// directories of the test. The container has its own network namespace, with one
// end of a pair of interfaces in it, down. While it runs, no image build can
// start, and it waits for one that runs.
//
// What is missing (root, systemd-nspawn, the image's root directory) fails the
// test with the make target that gives it; nothing is skipped. udev and ModemManager
// stay inactive, and so are limits on what containers inside take: that is for the
// virtual machine.
package container
