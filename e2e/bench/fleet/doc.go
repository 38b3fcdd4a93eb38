// Fleet measures what many devices ask of a web server: Debian's nginx on
// loopback, one repository, and 500 simulated devices that all start at the same
// moment, poll with jitter and install a hot fix that is rolled out in shares. It
// prints requests and bytes per device, whether they come in herds, and what that
// makes of a million devices.
//
// A device is real where the server can tell: it verifies the metadata with
// shared/trust and keeps it, decides by its own uuid, fetches the index and the
// chunks that it lacks, 16 at a time. It does not decode or write them. Time is
// shortened: a day is a poll interval, some seconds here.
//
// It takes the repository that ../update has made.
package main
