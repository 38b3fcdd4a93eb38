package parse

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// comments returns the comment that stands before the interface and those that
// stand before its members, by member name.
func comments(text string) (face string, members map[string]string, err error) {
	members = make(map[string]string)
	decoder := xml.NewDecoder(strings.NewReader(text))
	var last string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return face, members, nil
		}
		if err != nil {
			return "", nil, fmt.Errorf("cannot read introspection XML: %w", err)
		}
		switch token := token.(type) {
		case xml.Comment:
			last = clean(string(token))
		case xml.StartElement:
			switch token.Name.Local {
			case "interface":
				face, last = last, ""
			case "method", "property", "signal":
				members[nameOf(token)], last = last, ""
			}
		}
	}
}

func nameOf(element xml.StartElement) string {
	for _, attr := range element.Attr {
		if attr.Name.Local == "name" {
			return attr.Value
		}
	}
	return ""
}

// clean takes a comment's common indentation away.
func clean(comment string) string {
	lines := strings.Split(strings.TrimSpace(comment), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}

// check holds an interface against the rules of the contract.
func check(face Interface) error {
	if face.Doc == "" {
		return fmt.Errorf("%w: %s has no doc comment", ErrContract, face.Name)
	}
	groups := [][]Member{face.Methods, face.Properties, face.Signals}
	for kind, group := range groups {
		for _, member := range group {
			if face.MemberDoc(member.Name) == "" {
				return fmt.Errorf("%w: %s.%s has no doc comment", ErrContract, face.Name, member.Name)
			}
			if err := checkMember(face.Name, member, kind == 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkMember(face string, member Member, isMethod bool) error {
	for _, arg := range member.Args {
		if arg.Name == "" {
			return fmt.Errorf("%w: %s.%s has an argument without a name", ErrContract, face, member.Name)
		}
		if isMethod && arg.Direction != "in" && arg.Direction != "out" {
			return fmt.Errorf("%w: %s.%s(%s) has no direction", ErrContract, face, member.Name, arg.Name)
		}
	}
	privileged := member.Annotation("org.freedesktop.systemd1.Privileged", "")
	if (isMethod || member.Access == "readwrite") && privileged != "true" && privileged != "false" {
		return fmt.Errorf("%w: %s.%s does not say whether it is privileged", ErrContract, face, member.Name)
	}
	return nil
}
