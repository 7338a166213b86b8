/* The formats of JSON Schema that are enforced: name, expression, longest text (0: any).
 * SPDX-License-Identifier: Apache-2.0
 *
 * FORMAT(name, expression, characters_max); FORMAT_REFUSED(name) for those of the specification
 * that are not. Other names are annotations. Sources: RFC 3339 (dates and times, appendix A for durations),
 * RFC 5321 section 4.1.2 without quoted names, RFC 1123 section 2.1, RFC 3986 appendix A, RFC 4291
 * section 2.2, RFC 9562 section 4, RFC 6901 section 3. */
#define F_DATE                                                                                 \
    "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|"    \
    "[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|" \
    "(?:[02468][048]|[13579][26])00)-02-29)"
#define F_OFFSET "(?:[zZ]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
#define F_TIME                                                                        \
    "(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?" F_OFFSET            \
    "|23:59:60(?:\\.[0-9]+)?(?:[zZ]|[+-]00:00))"
#define F_LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define F_HOST  F_LABEL "(?:\\." F_LABEL ")*"
#define F_BYTE  "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define F_IPV4  "(?:" F_BYTE "\\.){3}" F_BYTE
#define F_H16   "[0-9A-Fa-f]{1,4}"
#define F_LS32  "(?:" F_H16 ":" F_H16 "|" F_IPV4 ")"
#define F_IPV6                                                                                  \
    "(?:(?:" F_H16 ":){6}" F_LS32 "|::(?:" F_H16 ":){5}" F_LS32 "|(?:" F_H16 ")?::(?:" F_H16    \
    ":){4}" F_LS32 "|(?:(?:" F_H16 ":){0,1}" F_H16 ")?::(?:" F_H16 ":){3}" F_LS32               \
    "|(?:(?:" F_H16 ":){0,2}" F_H16 ")?::(?:" F_H16 ":){2}" F_LS32 "|(?:(?:" F_H16 ":){0,3}" F_H16 \
    ")?::" F_H16 ":" F_LS32 "|(?:(?:" F_H16 ":){0,4}" F_H16 ")?::" F_LS32 "|(?:(?:" F_H16       \
    ":){0,5}" F_H16 ")?::" F_H16 "|(?:(?:" F_H16 ":){0,6}" F_H16 ")?::)"
#define F_PCHAR    "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
#define F_NO_COLON "(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})"
#define F_AUTHORITY                                                                             \
    "(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?"                                    \
    "(?:\\[(?:" F_IPV6 "|[vV][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]|"                  \
    "(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
#define F_TAIL "(?:\\?(?:" F_PCHAR "|[/?])*)?(?:#(?:" F_PCHAR "|[/?])*)?"
#define F_ABSOLUTE                                                                    \
    "(?://" F_AUTHORITY "(?:/" F_PCHAR "*)*|/(?:" F_PCHAR "+(?:/" F_PCHAR "*)*)?"
#define F_URI "[A-Za-z][A-Za-z0-9+.-]*:" F_ABSOLUTE "|" F_PCHAR "+(?:/" F_PCHAR "*)*|)" F_TAIL
#define F_RELATIVE F_ABSOLUTE "|" F_NO_COLON "+(?:/" F_PCHAR "*)*|)" F_TAIL
#define F_POINTER "(?:/(?:[^~/]|~[01])*)*"
#define F_ATEXT "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"

FORMAT("date", F_DATE, 0)
FORMAT("time", F_TIME, 0)
FORMAT("date-time", F_DATE "[tT]" F_TIME, 0)
FORMAT("duration",
       "P(?:[0-9]+W|(?:[0-9]+D|[0-9]+M(?:[0-9]+D)?|[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?)?"
       "(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))|"
       "(?:[0-9]+D|[0-9]+M(?:[0-9]+D)?|[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?))",
       0)
FORMAT("email", F_ATEXT "(?:\\." F_ATEXT ")*@(?:" F_HOST "|\\[" F_IPV4 "\\]|\\[IPv6:" F_IPV6 "\\])", 0)
FORMAT("hostname", F_HOST, 253)
FORMAT("ipv4", F_IPV4, 0)
FORMAT("ipv6", F_IPV6, 0)
FORMAT("uuid", "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}", 0)
FORMAT("uri", F_URI, 0)
FORMAT("uri-reference", "(?:" F_URI "|" F_RELATIVE ")", 0)
FORMAT("json-pointer", F_POINTER, 0)
FORMAT("relative-json-pointer", "(?:0|[1-9][0-9]*)(?:#|" F_POINTER ")", 0)
FORMAT_REFUSED("regex")
FORMAT_REFUSED("idn-email")
FORMAT_REFUSED("idn-hostname")
FORMAT_REFUSED("iri")
FORMAT_REFUSED("iri-reference")
FORMAT_REFUSED("uri-template")
