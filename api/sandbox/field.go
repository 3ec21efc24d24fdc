package sandbox

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// alterField returns the JSON body with the field of the fault left out or of another type, and
// false if the body is not JSON or has no such field.
func alterField(body []byte, fault Fault) ([]byte, bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var root any
	if decoder.Decode(&root) != nil {
		return nil, false
	}
	steps := strings.Split(fault.Field[1:], "/")
	name := steps[len(steps)-1]
	object, isObject := descend(root, steps[:len(steps)-1]).(map[string]any)
	value, present := object[name]
	if !isObject || !present {
		return nil, false
	}
	if fault.Kind == FaultMissingField {
		delete(object, name)
	} else {
		object[name] = ofOtherType(value)
	}
	altered, err := json.Marshal(root)
	return altered, err == nil
}

func descend(value any, steps []string) any {
	for _, step := range steps {
		switch container := value.(type) {
		case map[string]any:
			value = container[step]
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil || index < 0 || index >= len(container) {
				return nil
			}
			value = container[index]
		default:
			return nil
		}
	}
	return value
}

func ofOtherType(value any) any {
	if _, isString := value.(string); isString {
		return 7
	}
	return "7"
}
