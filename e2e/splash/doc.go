// Package splash looks at the screen: the logo from early boot on in production,
// custom, corrupt and of odd shapes, changed while it is shown, and gone when an
// application draws.
//
// A screen is a picture that QEMU takes of its display; the tests know a logo by
// its colours. A production device has no way in without a key, and needs none here.
package splash
