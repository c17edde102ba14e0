// Package module is the server-side module "payrecon" for Tryton 6.0, which lets the database itself refuse a second payment
// with one key. README.md says how to install it.
package module

import "embed"

// Name is how Tryton knows the module.
const Name = "payrecon"

// Files are the module as Tryton reads it, from its own directory downwards.
//
//go:embed __init__.py payment.py tryton.cfg payment.xml message.xml view
var Files embed.FS
