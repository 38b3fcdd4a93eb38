package bus

import (
	"strings"

	"github.com/godbus/dbus/v5"
)

const (
	introspectInterface = "org.freedesktop.DBus.Introspectable"
	propertiesInterface = "org.freedesktop.DBus.Properties"
)

// introspectHeader and the standard interfaces are from the D-Bus specification.
const (
	introspectHeader = `<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<node>
  <interface name="org.freedesktop.DBus.Peer">
    <method name="Ping"/>
    <method name="GetMachineId"><arg name="machine_uuid" type="s" direction="out"/></method>
  </interface>
  <interface name="org.freedesktop.DBus.Introspectable">
    <method name="Introspect"><arg name="xml_data" type="s" direction="out"/></method>
  </interface>
`
	introspectProperties = `  <interface name="org.freedesktop.DBus.Properties">
    <method name="Get">
      <arg name="interface_name" type="s" direction="in"/>
      <arg name="property_name" type="s" direction="in"/>
      <arg name="value" type="v" direction="out"/>
    </method>
    <method name="GetAll">
      <arg name="interface_name" type="s" direction="in"/>
      <arg name="props" type="a{sv}" direction="out"/>
    </method>
    <method name="Set">
      <arg name="interface_name" type="s" direction="in"/>
      <arg name="property_name" type="s" direction="in"/>
      <arg name="value" type="v" direction="in"/>
    </method>
    <signal name="PropertiesChanged">
      <arg name="interface_name" type="s"/>
      <arg name="changed_properties" type="a{sv}"/>
      <arg name="invalidated_properties" type="as"/>
    </signal>
  </interface>
`
)

// introspect returns the XML for path: its object's interfaces, if there is one,
// and the names of the paths right below it.
func (t *Tree) introspect(path dbus.ObjectPath) string {
	var xml strings.Builder
	xml.WriteString(introspectHeader)
	if object := t.object(path); object != nil {
		xml.WriteString(introspectProperties)
		for _, name := range object.names() {
			xml.WriteString("  " + object.faces[name].contract.XML + "\n")
		}
	}
	for _, child := range t.children(path) {
		xml.WriteString(`  <node name="` + child + `"/>` + "\n")
	}
	xml.WriteString("</node>\n")
	return xml.String()
}
