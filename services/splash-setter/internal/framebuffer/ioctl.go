package framebuffer

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Requests of linux/fb.h.
const (
	getVariable = 0x4600 // FBIOGET_VSCREENINFO
	getFixed    = 0x4602 // FBIOGET_FSCREENINFO
)

// variable is struct fb_var_screeninfo.
type variable struct {
	width, height, virtualWidth, virtualHeight uint32
	left, top                                  uint32
	bits, gray                                 uint32
	red, green, blue, alpha                    bitfield
	_                                          [20]uint32
}

// bitfield is struct fb_bitfield.
type bitfield struct{ offset, length, mostRight uint32 }

// fixed is struct fb_fix_screeninfo.
type fixed struct {
	_          [16]byte
	_          uintptr
	_          uint32
	kind, _    uint32
	visual     uint32
	_          [3]uint16
	lineLength uint32
	_          uintptr
	_, _       uint32
	_          [4]uint16
}

// modeOf asks the kernel how the frame buffer f lies in memory.
func modeOf(f *os.File) (Mode, error) {
	var v variable
	if err := ioctl(f, getVariable, unsafe.Pointer(&v)); err != nil { //nolint:gosec // the kernel wants an address
		return Mode{}, err
	}
	var x fixed
	if err := ioctl(f, getFixed, unsafe.Pointer(&x)); err != nil { //nolint:gosec // the kernel wants an address
		return Mode{}, err
	}
	return Mode{
		Width: int(v.width), Height: int(v.height), FirstLine: int(v.top), Stride: int(x.lineLength), Bits: int(v.bits),
		Red: v.red.field(), Green: v.green.field(), Blue: v.blue.field(),
		Packed: x.kind == 0 && v.gray == 0 && v.left == 0,
	}, nil
}

func (b bitfield) field() Field { return Field{Shift: int(b.offset), Bits: int(b.length)} }

func ioctl(f *os.File, request uintptr, to unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, uintptr(to)); errno != 0 {
		return errno
	}
	return nil
}
