// Package development holds the tests of the booted development image: the system
// itself and the name that follows config.json. They are behind the build tag vm.
package development
