// Package update holds the tests of a whole update in a virtual machine: from the
// release tool through a web server into the other slot, and back when that
// system does not prove itself. They are behind the build tag vm.
package update
