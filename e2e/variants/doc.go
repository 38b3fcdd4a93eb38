// Package variants holds the tests of what tells the three variants of the image
// apart, and of what all of them promise: who may do what, from outside and on the
// bus, and that each daemon can be left out or replaced. They are behind the build
// tags container and vm, and need the images of all variants.
package variants
