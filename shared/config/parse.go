package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxSize is the largest config.json that is read or written, in bytes.
const MaxSize = 1 << 20

// maxDepth is how deep objects and arrays may be nested.
const maxDepth = 64

const byteOrderMark = "\xef\xbb\xbf"

// A span is the place of a value in a file: data[start:end].
type span struct{ start, end int }

// Check reports whether data is a configuration file that can be read at all:
// one JSON object in UTF-8 with unique names, not too large and not too deep.
// What the keys hold is not looked at. The error is ErrTooLarge or a *SyntaxError.
func Check(data []byte) error {
	_, err := parse(data)
	return err
}

// parse checks data as Check does and returns the place of its root object.
func parse(data []byte) (span, error) {
	if len(data) > MaxSize {
		return span{}, ErrTooLarge
	}
	if isUTF16(data) {
		return span{}, syntaxError(nil, 0, "the text is UTF-16; save the file as UTF-8")
	}
	text := bytes.TrimPrefix(data, []byte(byteOrderMark))
	if len(bytes.Trim(text, " \t\r\n")) == 0 {
		return span{}, syntaxError(nil, 0, "the file is empty")
	}
	root, err := parseText(text)
	shift := len(data) - len(text)
	return span{root.start + shift, root.end + shift}, err
}

func parseText(text []byte) (span, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(text))
	if kind := dec.PeekKind(); kind != jsontext.KindBeginObject && kind != jsontext.KindInvalid {
		return span{}, syntaxError(text, leadingSpace(text), "the file must be one JSON object, and so begin with {")
	}
	for {
		_, err := dec.ReadToken()
		switch {
		case err != nil:
			return span{}, describe(text, err)
		case dec.StackDepth() > maxDepth:
			return span{}, syntaxError(text, int(dec.InputOffset())-1, fmt.Sprintf("nested deeper than %d", maxDepth))
		case dec.StackDepth() == 0:
			root := span{leadingSpace(text), int(dec.InputOffset())}
			return root, checkEnd(text, root.end)
		}
	}
}

// checkEnd finds what stands after the root object.
func checkEnd(text []byte, end int) error {
	rest := text[end:]
	if space := leadingSpace(rest); space < len(rest) {
		return syntaxError(text, end+space, "something follows the closing }")
	}
	return nil
}

func leadingSpace(text []byte) int {
	return len(text) - len(bytes.TrimLeft(text, " \t\r\n"))
}

func isUTF16(data []byte) bool {
	if len(data) < 2 {
		return false
	}
	mark := string(data[:2])
	return mark == "\xff\xfe" || mark == "\xfe\xff" || (data[0] == 0) != (data[1] == 0) && (data[0] == '{' || data[1] == '{')
}

// describe turns an error of the tokenizer into ours.
func describe(text []byte, err error) error {
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return syntaxError(text, len(text), "the file ends in the middle")
	case !errors.As(err, &syntactic):
		return syntaxError(text, 0, err.Error())
	case errors.Is(err, jsontext.ErrDuplicateName):
		reason := fmt.Sprintf("the name %q is there twice", syntactic.JSONPointer.LastToken())
		return syntaxError(text, int(syntactic.ByteOffset), reason)
	}
	reason := strings.TrimPrefix(syntactic.Err.Error(), "jsontext: ")
	return syntaxError(text, int(syntactic.ByteOffset), reason)
}

func syntaxError(text []byte, offset int, reason string) error {
	before := text[:min(max(offset, 0), len(text))]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Line:   bytes.Count(before, []byte("\n")) + 1,
		Column: utf8.RuneCount(before[lineStart:]) + 1,
		Reason: reason,
	}
}
