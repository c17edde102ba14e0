package config

import (
	"fmt"
	"reflect"
)

// fill sets the fields of an adapter's struct that carry a `toml` tag and stand in the table; the others keep what they
// hold, which is how an adapter states its defaults. Fields are strings (Secret among them), ints, bools, and structs of
// these.
func (t *table) fill(into reflect.Value) error {
	for i := range into.NumField() {
		name, tagged := into.Type().Field(i).Tag.Lookup("toml")
		if !tagged {
			continue
		}
		field := into.Field(i)
		if field.Kind() == reflect.Struct {
			if err := t.table(name).fill(field); err != nil {
				return err
			}
			continue
		}
		if err := t.set(name, field); err != nil {
			return err
		}
	}
	t.close()
	return nil
}

func (t *table) set(name string, field reflect.Value) error {
	value, is := t.take(name)
	if !is {
		return nil
	}
	var accepted string
	switch field.Kind() {
	case reflect.String:
		text, isText := value.(string)
		if isText {
			field.SetString(text)
			return nil
		}
		accepted = "a string in quotes"
	case reflect.Int:
		number, isNumber := value.(int64)
		if isNumber {
			field.SetInt(number)
			return nil
		}
		accepted = "a whole number"
	case reflect.Bool:
		truth, isTruth := value.(bool)
		if isTruth {
			field.SetBool(truth)
			return nil
		}
		accepted = "true or false"
	default:
		return fmt.Errorf("setting %s: a field of type %s cannot be decoded", name, field.Type())
	}
	if _, secret := field.Interface().(Secret); secret {
		value = Secret("")
	}
	t.reject(t.at(name), value, accepted)
	return nil
}
