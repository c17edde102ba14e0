package money

import (
	"fmt"
	"strings"
)

// Currency is an ISO 4217 alphabetic code in capitals, such as "EUR". Only ParseCurrency makes one that is
// known to exist; the zero value is no currency.
type Currency string

// minorUnits lists the active currencies of ISO 4217 (list one, 2025) by their number of minor units. It stands here
// because the table of golang.org/x/text follows CLDR's customs instead of the standard: it gives COP, IQD, PKR and
// RSD no minor units and does not know XCG, VED or UYW, so that a correct invoice would be refused.
var minorUnits = byCode(map[int]string{
	0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
	2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW " +
		"CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR " +
		"ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV " +
		"MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD " +
		"SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
	3: "BHD IQD JOD KWD LYD OMR TND",
	4: "CLF UYW",
})

func byCode(lists map[int]string) map[Currency]int {
	table := make(map[Currency]int, 180)
	for scale, codes := range lists {
		for _, code := range strings.Fields(codes) {
			table[Currency(code)] = scale
		}
	}
	return table
}

// ParseCurrency reads a currency code; lower case and surrounding blanks are accepted.
func ParseCurrency(text string) (Currency, error) {
	c := Currency(strings.ToUpper(strings.TrimSpace(text)))
	if _, known := minorUnits[c]; !known {
		return "", fmt.Errorf("currency %s is not an active ISO 4217 code", quote(text))
	}
	return c, nil
}

// Scale is the number of minor units: 0, 2, 3 or 4. It is 0 for what ParseCurrency would refuse.
func (c Currency) Scale() int { return minorUnits[c] }
