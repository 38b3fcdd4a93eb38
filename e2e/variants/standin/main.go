// Standin replaces one of the daemons in the tests: it serves the interface that it
// is given the name of, as its file in /usr/share/dbus-1/interfaces has it. Every
// property has its type's zero value, every method does nothing.
package main

import (
	"encoding/xml"
	"log"
	"os"
	"strings"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/introspect"
)

func main() {
	name := os.Args[1]
	text, err := os.ReadFile("/usr/share/dbus-1/interfaces/" + name + ".xml")
	if err != nil {
		log.Fatal(err)
	}
	var node introspect.Node
	if err := xml.Unmarshal(text, &node); err != nil { //nolint:gosec // the contract that the test gave it
		log.Fatal(err)
	}
	conn, err := dbus.ConnectSystemBus()
	if err != nil {
		log.Fatal(err)
	}
	messages := make(chan *dbus.Message, 16)
	conn.Eavesdrop(messages) // replies too: from here on nothing can be waited for
	conn.BusObject().Call("org.freedesktop.DBus.RequestName", dbus.FlagNoReplyExpected, name, uint32(dbus.NameFlagDoNotQueue))
	for message := range messages {
		if message.Type == dbus.TypeMethodCall {
			answer(conn, message, node.Interfaces[0], string(text))
		}
	}
}

func answer(conn *dbus.Conn, call *dbus.Message, face introspect.Interface, text string) {
	reply := &dbus.Message{Type: dbus.TypeMethodReply, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldReplySerial: dbus.MakeVariant(call.Serial()), dbus.FieldDestination: call.Headers[dbus.FieldSender],
	}}
	switch call.Headers[dbus.FieldMember].Value() {
	case "Introspect":
		reply.Body = []any{text}
	case "Get":
		for _, property := range face.Properties {
			if property.Name == call.Body[1] {
				reply.Body = []any{zero(property.Type)}
			}
		}
	}
	if len(reply.Body) > 0 {
		reply.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(reply.Body...))
	}
	conn.Send(reply, nil)
}

func zero(kind string) dbus.Variant {
	text := "0"
	switch {
	case kind == "o":
		return dbus.MakeVariant(dbus.ObjectPath("/"))
	case strings.HasPrefix(kind, "a("): // the library's parser makes variants of such elements
		return dbus.MakeVariantWithSignature([]struct{ Text string }{}, dbus.ParseSignatureMust(kind))
	case strings.HasPrefix(kind, "a{"):
		text = "{}"
	case strings.HasPrefix(kind, "a"):
		text = "[]"
	case kind == "s":
		text = "''"
	case kind == "b":
		text = "false"
	}
	value, err := dbus.ParseVariant(text, dbus.ParseSignatureMust(kind))
	if err != nil {
		log.Fatal(err)
	}
	return value
}
