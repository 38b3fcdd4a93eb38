package main

// These have the shapes of the kernel's structures of the same meaning, on machines
// of 64 bits. What nobody here reads or sets has no name.

type resources struct {
	_                           *uint32 // buffers
	crtcs, connectors           *uint32
	_                           *uint32 // encoders
	_                           uint32
	countCRTCs, countConnectors uint32
	_                           [5]uint32
}

type mode struct {
	_      uint32 // clock
	width  uint16
	_      [4]uint16
	height uint16
	_      [4]uint16
	_      [3]uint32
	_      [32]byte // name
}

type getConnector struct {
	_          *uint32 // encoders
	modes      *mode
	_, _       *uint32 // properties and their values
	countModes uint32
	_          [3]uint32
	id         uint32
	_          [2]uint32
	connection uint32
	_          [4]uint32
}

type setCRTC struct {
	connectors          *uint32
	count, crtc, buffer uint32
	_                   [3]uint32 // place, gamma
	valid               uint32
	mode                mode
}

type createDumb struct {
	height, width, bits uint32
	_                   uint32
	handle, pitch       uint32
	size                uint64
}

type mapDumb struct {
	handle, _ uint32
	offset    uint64
}

type addBuffer struct{ id, width, height, pitch, bits, depth, handle uint32 }
