package money

import (
	"fmt"
	"strings"
)

// Currency is an ISO 4217 alphabetic code in capitals, such as "EUR". Only ParseCurrency makes one that is
// known to exist; the zero value is no currency.
type Currency string

// units lists the active currencies of ISO 4217 (list one, 2025) by their number of minor units. It stands here
// because the table of golang.org/x/text follows CLDR's customs instead of the standard: it gives COP, IQD, PKR and
// RSD no minor units and does not know XCG, VED or UYW, so that a correct invoice would be refused.
var units, unitOf = number(map[int]string{
	0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
	2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW " +
		"CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR " +
		"ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV " +
		"MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD " +
		"SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
	3: "BHD IQD JOD KWD LYD OMR TND",
	4: "CLF UYW",
})

// unit is a currency as an Amount keeps it: its place in units. 0 is none.
type unit uint8

type iso struct {
	code  Currency
	scale int // minor units
}

// number gives every currency its unit.
func number(lists map[int]string) (byUnit []iso, byCode map[Currency]unit) {
	byUnit, byCode = []iso{{}}, make(map[Currency]unit, 180)
	for scale, codes := range lists {
		for _, code := range strings.Fields(codes) {
			byCode[Currency(code)] = unit(len(byUnit)) //nolint:gosec // the standard has fewer than 200
			byUnit = append(byUnit, iso{Currency(code), scale})
		}
	}
	return byUnit, byCode
}

// ParseCurrency reads a currency code; lower case and surrounding blanks are accepted.
func ParseCurrency(text string) (Currency, error) {
	u, err := Currency(strings.ToUpper(strings.TrimSpace(text))).unit(text)
	return units[u].code, err // and not a part of text, which would keep all of it alive
}

// unit fails, naming text, for what is no currency.
func (c Currency) unit(text string) (unit, error) {
	u, known := unitOf[c]
	if !known {
		return 0, fmt.Errorf("currency %s is not an active ISO 4217 code", quote(text))
	}
	return u, nil
}

// Scale is the number of minor units: 0, 2, 3 or 4. It is 0 for what ParseCurrency would refuse.
func (c Currency) Scale() int { return units[unitOf[c]].scale }
