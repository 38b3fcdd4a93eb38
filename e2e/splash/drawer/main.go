// Drawer is an application that takes the screen: the smallest one that does so
// through DRM. It fills the first screen of /dev/dri/card0 with one colour and
// keeps it for an hour. See the kernel's include/uapi/drm/drm_mode.h.
//
//	drawer RRGGBB
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	colour, err := strconv.ParseUint(os.Args[1], 16, 24)
	if err == nil {
		err = draw(uint32(colour))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("drawn")
	time.Sleep(time.Hour)
}

// draw fills a buffer of the screen's size and has the screen show it.
func draw(colour uint32) error {
	fd, err := unix.Open("/dev/dri/card0", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	crtc, connector, mode, err := screen(fd)
	if err != nil {
		return err
	}
	buffer, err := fill(fd, uint32(mode.width), uint32(mode.height), colour)
	if err != nil {
		return err
	}
	ids := []uint32{connector}
	return ioctl(fd, 0xa2, &setCRTC{connectors: &ids[0], count: 1, crtc: crtc, buffer: buffer, valid: 1, mode: mode})
}

// screen returns the first screen that is connected and what it prefers.
func screen(fd int) (crtc, connector uint32, m mode, err error) {
	crtcs, connectors := make([]uint32, 16), make([]uint32, 16)
	all := resources{crtcs: &crtcs[0], connectors: &connectors[0], countCRTCs: 16, countConnectors: 16}
	if err := ioctl(fd, 0xa0, &all); err != nil {
		return 0, 0, mode{}, err
	}
	for _, id := range connectors[:all.countConnectors] {
		modes := make([]mode, 256)
		c := getConnector{modes: &modes[0], countModes: 256, id: id}
		if err := ioctl(fd, 0xa7, &c); err != nil {
			return 0, 0, mode{}, err
		}
		if c.connection == 1 && c.countModes > 0 {
			return crtcs[0], id, modes[0], nil
		}
	}
	return 0, 0, mode{}, errors.New("no screen is connected")
}

// fill makes a buffer of one colour and returns its number.
func fill(fd int, width, height, colour uint32) (uint32, error) {
	dumb := createDumb{height: height, width: width, bits: 32}
	if err := ioctl(fd, 0xb2, &dumb); err != nil {
		return 0, err
	}
	where := mapDumb{handle: dumb.handle}
	if err := ioctl(fd, 0xb3, &where); err != nil {
		return 0, err
	}
	pixels, err := unix.Mmap(fd, int64(where.offset), int(dumb.size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return 0, err
	}
	for i := 0; i+4 <= len(pixels); i += 4 {
		binary.NativeEndian.PutUint32(pixels[i:], colour)
	}
	buffer := addBuffer{width: width, height: height, pitch: dumb.pitch, bits: 32, depth: 24, handle: dumb.handle}
	err = ioctl(fd, 0xae, &buffer)
	return buffer.id, err
}

// ioctl makes the request DRM_IOWR(number, T).
func ioctl[T any](fd int, number uintptr, arg *T) error {
	request := 0xc0000000 | unsafe.Sizeof(*arg)<<16 | 'd'<<8 | number
	//nolint:gosec // the kernel wants an address
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(arg)))
	if errno != 0 {
		return fmt.Errorf("DRM request %#x: %w", number, errno)
	}
	return nil
}
