package main

// These have the shapes of the kernel's structures of the same meaning, on machines of 64 bits.

type resources struct {
	buffers, crtcs, connectors, encoders                     *uint32
	countBuffers, countCRTCs, countConnectors, countEncoders uint32
	_                                                        [4]uint32
}

type mode struct {
	clock                uint32
	width, _, _, _, _    uint16
	height, _, _, _, _   uint16
	refresh, flags, kind uint32
	name                 [32]byte
}

type getConnector struct {
	encoders                               *uint32
	modes                                  *mode
	properties                             *uint32
	values                                 *uint64
	countModes, countProperties, countEncs uint32
	encoder, id, kind, kindID, connection  uint32
	_                                      [4]uint32
}

type setCRTC struct {
	connectors                *uint32
	count, crtc, buffer, x, y uint32
	gamma, valid              uint32
	mode                      mode
}

type createDumb struct {
	height, width, bits, flags, handle, pitch uint32
	size                                      uint64
}

type mapDumb struct {
	handle, _ uint32
	offset    uint64
}

type addBuffer struct{ id, width, height, pitch, bits, depth, handle uint32 }
