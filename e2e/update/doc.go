// Package update holds the tests of a whole update in a virtual machine: from the
// release tool through a web server into the other slot, and back when that
// system does not prove itself; and of what interrupts an installation or a trial, in a
// container of the image's root. They are behind the build tags vm and container.
package update
