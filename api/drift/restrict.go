package drift

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// comparableCopy copies what oasdiff is to compare of an operation: parameters, body, responses and
// words, with path parameters named as in the path ours. Security, servers and the operation ID
// are compared elsewhere.
func comparableCopy(o operation, ours string) (*openapi3.Operation, error) {
	e := &expander{open: map[*openapi3.Schema]bool{}}
	node := o.node
	c := &openapi3.Operation{
		Summary:      node.Summary,
		Description:  words(node.Description),
		Tags:         node.Tags,
		Deprecated:   node.Deprecated,
		ExternalDocs: node.ExternalDocs,
	}
	var err error
	if c.Parameters, err = e.parameters(o, parameterNames(o.path, ours)); err != nil {
		return nil, err
	}
	if c.RequestBody, err = e.body(node.RequestBody); err != nil {
		return nil, err
	}
	if c.Responses, err = e.responses(node.Responses); err != nil {
		return nil, err
	}
	return c, nil
}

// parameters merges those of the path and those of the operation, which win.
func (e *expander) parameters(o operation, names map[string]string) (openapi3.Parameters, error) {
	var merged openapi3.Parameters
	seen := map[string]bool{}
	for _, list := range []openapi3.Parameters{o.node.Parameters, o.item.Parameters} {
		for _, ref := range list {
			if ref == nil || ref.Value == nil {
				return nil, errors.New("a parameter is empty or a reference to one leads nowhere")
			}
			c := *ref.Value
			if name, known := names[c.Name]; known && c.In == openapi3.ParameterInPath {
				c.Name = name
			}
			if c.In == openapi3.ParameterInHeader {
				c.Name = http.CanonicalHeaderKey(c.Name)
			}
			key := c.In + " " + c.Name
			if seen[key] {
				continue
			}
			seen[key] = true
			if err := e.parameter(&c); err != nil {
				return nil, fmt.Errorf("parameter %s: %w", c.Name, err)
			}
			merged = append(merged, &openapi3.ParameterRef{Value: &c})
		}
	}
	return merged, nil
}

func (e *expander) parameter(c *openapi3.Parameter) (err error) {
	c.Description, c.Examples = words(c.Description), examples(c.Examples)
	serialization(c)
	if c.Schema, err = e.schema(c.Schema); err != nil {
		return err
	}
	c.Content, err = e.content(c.Content)
	return err
}

// serialization writes out the defaults of style and explode.
func serialization(c *openapi3.Parameter) {
	if c.Style == "" {
		c.Style = openapi3.SerializationSimple
		if c.In == openapi3.ParameterInQuery || c.In == openapi3.ParameterInCookie {
			c.Style = openapi3.SerializationForm
		}
	}
	if c.Explode == nil {
		c.Explode = new(c.Style == openapi3.SerializationForm)
	}
}

func (e *expander) body(ref *openapi3.RequestBodyRef) (*openapi3.RequestBodyRef, error) {
	if ref == nil {
		return nil, nil
	}
	if ref.Value == nil {
		return nil, errors.New("the request body is empty or a reference to one leads nowhere")
	}
	c := *ref.Value
	c.Description = words(c.Description)
	var err error
	if c.Content, err = e.content(c.Content); err != nil {
		return nil, fmt.Errorf("request body: %w", err)
	}
	return &openapi3.RequestBodyRef{Value: &c}, nil
}

func (e *expander) responses(all *openapi3.Responses) (*openapi3.Responses, error) {
	copies := openapi3.NewResponsesWithCapacity(all.Len())
	for status, ref := range all.Map() {
		if ref == nil || ref.Value == nil {
			return nil, fmt.Errorf("response %s is empty or a reference to one leads nowhere", status)
		}
		c := *ref.Value
		c.Links = nil
		if c.Description != nil {
			c.Description = new(words(*c.Description))
		}
		var err error
		if c.Content, err = e.content(c.Content); err != nil {
			return nil, fmt.Errorf("response %s: %w", status, err)
		}
		if c.Headers, err = e.headers(c.Headers); err != nil {
			return nil, fmt.Errorf("response %s: %w", status, err)
		}
		copies.Set(status, &openapi3.ResponseRef{Value: &c})
	}
	return copies, nil
}

func (e *expander) headers(all openapi3.Headers) (openapi3.Headers, error) {
	copies := make(openapi3.Headers, len(all))
	for name, ref := range all {
		if ref == nil || ref.Value == nil {
			return nil, fmt.Errorf("header %s is empty or a reference to one leads nowhere", name)
		}
		c := *ref.Value
		if err := e.parameter(&c.Parameter); err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		copies[http.CanonicalHeaderKey(name)] = &openapi3.HeaderRef{Value: &c}
	}
	return copies, nil
}

// content copies media types, by name and without parameters such as charset.
func (e *expander) content(all openapi3.Content) (openapi3.Content, error) {
	copies := make(openapi3.Content, len(all))
	for name, media := range all {
		if media == nil {
			return nil, fmt.Errorf("%s is empty", name)
		}
		c := *media
		c.Examples = examples(c.Examples)
		var err error
		if c.Schema, err = e.schema(c.Schema); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		name, _, _ = strings.Cut(name, ";")
		copies[strings.ToLower(strings.TrimSpace(name))] = &c
	}
	return copies, nil
}

// examples leaves out those that are null, which the OpenAPI library cannot write.
func examples(all openapi3.Examples) openapi3.Examples {
	kept := maps.Clone(all)
	maps.DeleteFunc(kept, func(_ string, ref *openapi3.ExampleRef) bool { return ref == nil || ref.Value == nil })
	return kept
}

// words is a text without regard to how its lines are broken.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }
