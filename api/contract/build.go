package contract

import (
	"encoding/json"
	"strings"
)

// builder takes JSON apart that encoding/json has found valid, so it needs no errors of its
// own. It exists because the tokens of encoding/json cost most of a check.
type builder struct {
	data string
	at   int
}

// usualMembers is how many members most objects of the contract have, or a little more.
const usualMembers = 4

func (b *builder) value() value {
	switch b.next() {
	case '{':
		return b.object()
	case '[':
		return b.array()
	case '"':
		return value{kind: stringKind, text: b.text()}
	case 't', 'f':
		return value{kind: boolKind, text: b.literal()}
	case 'n':
		return value{kind: nullKind, text: b.literal()}
	default:
		number := b.literal()
		if strings.ContainsAny(number, ".eE") {
			return value{kind: numberKind, text: number}
		}
		return value{kind: integerKind, text: number}
	}
}

// next returns the next byte that is no white space, without taking it.
func (b *builder) next() byte {
	for strings.IndexByte(" \t\r\n", b.data[b.at]) >= 0 {
		b.at++
	}
	return b.data[b.at]
}

// ends takes the byte that opens or separates elements, and reports whether the closing byte
// follows, which it takes as well.
func (b *builder) ends(closing byte) bool {
	if b.next() != closing {
		b.at++
	}
	if b.next() != closing {
		return false
	}
	b.at++
	return true
}

func (b *builder) array() value {
	array := value{kind: arrayKind}
	for !b.ends(']') {
		array.items = append(array.items, b.value())
	}
	return array
}

func (b *builder) object() value {
	object := value{kind: objectKind}
	for !b.ends('}') {
		if object.members == nil {
			object.members = make([]member, 0, usualMembers)
		}
		b.next()
		name := b.text()
		b.next()
		b.at++
		object.members = append(object.members, member{name, b.value()})
	}
	return object
}

func (b *builder) literal() string {
	start := b.at
	for b.at < len(b.data) && strings.IndexByte(" \t\r\n,]}", b.data[b.at]) < 0 {
		b.at++
	}
	return b.data[start:b.at]
}

func (b *builder) text() string {
	start := b.at
	escaped := false
	for b.at++; b.data[b.at] != '"'; b.at++ {
		if b.data[b.at] == '\\' {
			escaped = true
			b.at++
		}
	}
	b.at++
	if !escaped {
		return b.data[start+1 : b.at-1]
	}
	var text string
	// What is valid JSON and begins with a quote is a string.
	_ = json.Unmarshal([]byte(b.data[start:b.at]), &text)
	return text
}
