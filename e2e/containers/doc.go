// Package containers holds the tests of the container engine in the booted
// development image, with real containers. They are behind the build tag vm.
package containers
