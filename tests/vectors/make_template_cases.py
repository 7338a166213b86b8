#!/usr/bin/env python3
"""Writes template_cases.json: small templates and what jinja2 makes of them (null: an error).
SPDX-License-Identifier: Apache-2.0

Needs jinja2 3.1.6 from PyPI. The environment is that of the vendors' renderer: SandboxedEnvironment,
trim_blocks, lstrip_blocks, loop controls, tojson without HTML escaping.
"""
import json
import pathlib

from jinja2.ext import loopcontrols
from jinja2.sandbox import SandboxedEnvironment


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


CONTEXT = {
    "n": 7, "neg": -7, "f": 2.5, "big": 1e16, "small": 1e-05, "t": True, "nothing": None,
    "s": "Hello, World", "u": "straße ΑΣ naïve 文字 ǆ", "ws": "  \t padded \n ", "csv": "a,b,,c", "multi": "one\n\ntwo\r\nthree\n",
    "quotes": "it's \"q\" \\ \x07 \u00a0 é", "html": "<a href='x'>&</a>",
    "l": [3, 1, 2], "mixed": [1, "a", None, 2.0, [True]], "words": ["b", "A", "c", "a"], "empty": [],
    "d": {"b": 1, "a": {"x": [1, 2]}, "items": 5}, "rows": [{"k": "x", "v": 2}, {"k": "y", "v": 1}, {"k": "x", "v": 0}],
    "tree": [{"n": 1, "c": [{"n": 2, "c": []}, {"n": 3, "c": [{"n": 4, "c": []}]}]}],
}

EXPRESSIONS = """
n // 2; neg // 2; n % 3; neg % 3; n % -3; n / 2; 2 ** 10; 2 ** -1; f // 1; -f // 1; f % 1; -f % 1; 7.5 // -2; 7.5 % -2
1e16; 1e15; 123456789012345680.0; 0.1; 0.0001; 0.00001; 1.0; -0.0; 1e22; 1e300; 1.5e-7; 100000.0; 3.14159265358979; 2.0 ** 0.5; 1/3
0x1f; 0b101; 0o17; 1_000; 1_0.5e1; 5 / 0; 5 % 0; 1 < 2 < 3; 1 < 3 < 2; 1 == 1.0; true == 1; 'a' < 'b'; [1,2] < [1,3]; (1,) < (1,2)
1 < 'a'; none < 1; n is none; not n; not nothing; n and 0; n or 0; nothing or 'x'; '' and x; 'y' if n else 'z'; ('y' if nothing) is undefined
1 + 2 * 3 ** 2; -n ** 2; (1 + 2) * 3; 'a' ~ 1 ~ none ~ true ~ 2.0; 'a' + 'b' * 3; [1] * 3; [1] + [2]; (1,) + (2,); 'a' + 1; 1 + 'a'
-s; +n; -true; s[0]; s[-1]; s[100]; s[1:4]; s[:-3]; s[::-1]; s[::2]; s[5:1:-1]; s[-3:]; u[::-1]; u[2:6]; u[-2:]; l[::-1]; l[1:]; l[:1]; l[5:]; l[-2:]
l[::0]; l['a']; l[0.5]; nothing[1:] is undefined; l[1:]|length; mixed[::2]; (1,2,3)[1:]; range(10)[2:5]|list; range(5)[1]; range(3); range(0,9,2); range(5,0,-2)|list
s|upper; s|lower; u|upper; u|lower; u|title; u.title(); u|capitalize; 'ab cd-ef (gh'|title; "it's ab3cd".title(); s.swapcase(); 'ß'|capitalize; 'ΣΑΣ Σ'|lower; 'ŉ ﬁ'|upper
ws|trim; ws.strip(); ws.lstrip(); ws.rstrip(); 'xxaxx'.strip('x'); 'abcba'.strip('ab'); s.strip('H'); '文a文'.strip('文'); ''|trim; 'xaxx'|trim('x')
csv.split(','); csv.split(',', 1); csv.split(',', 0); csv.rsplit(',', 1); csv.split(',', -1); ws.split(); ' a b  c '.split(); ' a b  c '.split(none, 1); ' a b  c '.rsplit(none, 1); ' a b '.split(' '); ''.split(); ''.split(','); s.split('')
multi.splitlines(); multi.splitlines(true); csv.partition(','); csv.rpartition(','); csv.partition('x'); csv.rpartition('x'); s.replace('l', 'L'); s.replace('l', 'L', 2); s.replace('', '-'); s.replace('', '-', 3); ''.replace('', 'x'); s.replace('o', '')
s.find('o'); s.rfind('o'); s.find('x'); s.find('o', 5); s.find('o', 5, 6); s.find(''); s.index('W'); s.index('zz'); s.count('l'); s.count(''); s.count('o', 5); u.find('文'); s.startswith('He'); s.startswith(('x', 'He')); s.endswith('ld'); s.startswith('llo', 2); s.endswith('Wor', 0, -2); s.startswith(['He'])
s.center(20, '*'); s.ljust(15, '.'); s.rjust(15); s.center(17); 'abc'.center(6); 'ab'.center(5); '42'.zfill(5); '-42'.zfill(5); '+7'.zfill(1); s.removeprefix('Hel'); s.removesuffix('ld'); ','.join(words); ','.join(l); '-'.join('abc'); s.isdigit(); '12'.isdigit(); '²'.isdigit(); '²'.isdecimal(); 'ab1'.isalnum(); 'ab'.isalpha(); ''.isalpha(); ' \t'.isspace(); 'AB1'.isupper(); 'aB'.islower(); 'a_b'.isalnum(); ''.isascii(); 'é'.isascii()
s.foo; s.foo(); d.b; d.items; d['items']; d.missing; d.missing.x; d['missing']; d.a.x.0; d.a.x.1; d.a.x.5; missing; missing.x; missing[0]; missing(); missing + 1; missing ~ 'x'; missing == missing2; missing == none; missing in l; 1 in missing; missing|length; missing|list; nothing.x; nothing.x.y; n.x; l.x; l[10]; l[10].x
'x' in d; 'b' in d; 'z' not in d; 1 in l; '1' in l; 'ell' in s; 1 in s; none in mixed; [true] in mixed; 'a' in n; 1 in (1,2); 2 in range(3); 'a' is in 'abc'
d.get('b'); d.get('zz'); d.get('zz', 9); d.keys(); d.values(); d.items(); d.items()|list; d.keys()|list; d|list; d|length; d.items()[0] is undefined; d.keys()|first; d.copy()
l|sort; words|sort; words|sort(case_sensitive=true); words|sort(reverse=true); l|sort(reverse=true); rows|sort(attribute='v')|map(attribute='v')|list; rows|sort(attribute='k,v')|map(attribute='v')|list; mixed|sort; l|reverse|list; s|reverse; l|first; l|last; empty|first; empty|last; ''|first; l|min; l|max; words|min; words|max; rows|max(attribute='v'); empty|max; l|sum; rows|sum(attribute='v'); l|sum(start=10); rows|sum('v', 1); words|unique|list; l|list; s|list|length; 'añ文'|list
l|join(', '); words|join; mixed|join('|'); rows|join(',', attribute='k'); rows|map(attribute='k')|join; l|map('string')|list; words|map('upper')|join('-'); rows|map(attribute='zz', default='?')|list; l|select('odd')|list; l|reject('odd')|list; l|select|list; rows|selectattr('v')|list; rows|selectattr('k', 'equalto', 'x')|list|length; rows|rejectattr('k', 'eq', 'x')|map(attribute='v')|list; l|select('>', 1)|list; l|select('divisibleby', 2)|list; nothing|map('upper')|list; nothing|select|list; l|map('nofilter')|list; l|select('notest')|list; l|map(attribute='x')|list|length; words|map('replace', 'a', 'o')|list; rows|map(attribute='k')|unique|list
l|batch(2)|list; l|batch(2, 'x')|list; [1,2,3,4,5,6,7]|slice(3)|list; [1,2,3,4,5,6,7]|slice(3, 'x')|list; rows|groupby('k'); rows|groupby('k')|map(attribute='grouper')|list; (rows|groupby('k'))[0].list|length; d|dictsort; {'b':1,'A':2,'a':3}|dictsort; {'b':1,'A':2}|dictsort(case_sensitive=true); {'b':1,'a':2}|dictsort(by='value'); {'b':1,'a':2}|dictsort(false, 'value', true); l|dictsort; d|items|list; l|items|list; missing|items|list
(l|map('string')) is iterable; l|select is sequence; (l|select('odd'))|length; 'x' if l|select('>', 9) else 'y'; l|length; l|count; s|length; u|length; n|length; nothing|length; d.items()|length; s|wordcount; u|wordcount
'42'|int; '4.7'|int; 'x'|int; 'x'|int(5); '0x1f'|int(0, 16); '0x1f'|int; '1_000'|int; ' 12 '|int; '-5'|int; 'ff'|int(base=16); nothing|int; f|int; -2.7|int; 1e3|int; '1e3'|int; 'inf'|int; true|int; missing|int; l|int; '3.5'|float; 'x'|float; 'x'|float(1.5); n|float; '1e5'|float; 'nan'|float; '-inf'|float; nothing|float; '1_0.5'|float
f|round; 2.675|round(2); 3.5|round; 2.5|round; -2.5|round; 42.55|round(1); 42.55|round(1, 'floor'); 42.51|round(1, 'ceil'); n|round; n|round(2); 1234|round(-2); 2.5|round(0, 'ceil'); 'x'|round; -5|abs; -5.5|abs; s|abs; 42.7|round|int; true|abs; neg|abs
d.zz|default('x'); nothing|default('x'); nothing|default('x', true); ''|d('y', true); missing|default; missing.x|default('y'); 0|default(1, boolean=true)
s|replace('l', 'L'); s|replace('l', 'L', 1); n|replace('7', '8'); s|truncate(8); s|truncate(8, true); s|truncate(8, true, '!'); 'hello there world'|truncate(12, leeway=0); 'hello there world'|truncate(12, false, '..', 0); s|truncate(3); s|truncate(2, leeway=0); multi|indent; multi|indent(2, true); multi|indent(2, blank=true); multi|indent('> ', true, true); s|center(20); s|center; ''|indent(2, true)
s|tojson; quotes|tojson; html|tojson; d|tojson; d|tojson(indent=2); mixed|tojson(indent=1); empty|tojson(indent=2); {}|tojson; d|tojson(true); u|tojson(ensure_ascii=true); '\U0001F600'|tojson(true); d|tojson(sort_keys=true); {1: 2, none: 3, true: 4, 1.5: 5}|tojson; {(1,2): 3}|tojson; missing|tojson; (1,2)|tojson; range(3)|tojson; d.keys()|tojson; big|tojson; small|tojson; '\x7f\x00'|tojson; '\x7f'|tojson(true); d|tojson(separators=(',', ':')); d|tojson(indent='\t'); [nothing, t, f, n]|tojson; d|tojson(indent=0); 1e400|tojson; l|tojson(none, 2); namespace(a=1)|tojson
quotes; [quotes]; mixed; [s, u]; ["it's"]; ['"']; ["'\\""]; ['\\n\\t\\\\']; ['\\u200b\\u00ad']; ('a',); (); [()]; {}; {'a': [1, (2,)]}; [1e16, 1.0, -0.0]; [none, true, false]; [missing]; d; big; small; [0.1, 1e-5]; ['\\x7f\\x1f\\x85']; ['文é']
html|e; html|escape; html|safe; html|e|e; html|forceescape; (html|e)|forceescape; '<'|safe + '<'; '<' + '<'|safe; '<' ~ '<'|safe; ('<'|safe + '<') is escaped; html|string is escaped; html|safe|string is escaped; ('<'|safe).replace('<', '&'); '<'|safe|upper is escaped
'%s-%d' % ('a', 3); '%s' % 'x'; '%5.2f|' % f; '%-5s|' % 'ab'; '%05d' % n; '%+d' % n; '%x %X %o' % (255, 255, 8); '%e' % 12345.678; '%g' % 0.00001; '%%' % (); '%(a)s' % {'a': 1}; '%r' % 'x'; '%c' % 'x'; '%.2s' % 'abc'; '%s' % ('a', 'b'); '%s %s' % 'a'; '%d' % 'x'; '%d' % 3.7; '%#x' % 255; '%i' % true; '%s %s'|format('a', 1); '%(x)s'|format(x=2); '%s' % l; '%s' % none; '%*d' % (5, 42); '%.3d' % 5; 'abc' % d
'{}-{}'.format(1, s); '{0}{1}{0}'.format('a', 'b'); '{x} {y!r}'.format(x=n, y='q'); '{{{}}}'.format(1); '{}'.format(); '{1}'.format(1); '{a}'.format(b=1); '{} {0}'.format(1); '{0} {}'.format(1); '{'.format(1); '}'.format(1); 'a}}b{{c'.format(); '{}'.format(d); '{!s}'.format(u); '{!r}'.format([s, 1.0]); '{0[b]} {0.b}'.format(d); '{0[1]}{0[0]}'.format(l); '{0.k}{0[v]}'.format(rows[0]); '{0.a[x][1]}'.format(d); '{x[9]}'.format(x=l); '{:}'.format(1); '{}'.format(none, 1); '{0!r:}'.format('a'); 'plain'.format(1); ''.format(); '{}{}'.format(*l); '{b}'.format(**{'b': 2}); '{!x}'.format(1); '{0[}'.format(l); '{0.}'.format(d); '{ }'.format(1); '{0 }'.format(1); '{0[x]}'.format(l); '{99999999999}'.format(1)
1 is odd; 2 is even; n is divisibleby 7; n is divisibleby(7); n is number; f is float; t is boolean; t is integer; t is number; n is integer; s is string; d is mapping; l is sequence; d is sequence; s is iterable; n is iterable; d.keys() is sequence; d.keys() is iterable; nothing is none; missing is defined; d.zz is defined; s is lower; 'abc' is lower; 'ABC' is upper; '123' is lower; t is true; t is false; 1 is true; 0 is false; n is sameas n; none is sameas none; [] is sameas []; 'upper' is filter; 'odd' is test; 'x' is filter; range is callable; s is callable; n is eq 7; n is gt 5; n is lt(5); n is in [7]; n is not in [7]; n is not none; not n is none; n is ne 3; n is ge 7; n is le 6; missing is undefined; missing is none; missing is iterable; missing is string; missing is callable; 'a' is in d; namespace() is mapping; none is iterable
namespace(a=1).a; namespace({'a': 2}).a; namespace(a=1).b; namespace(a=1)['a']; dict(a=1, b=2); dict([('a', 1)]); dict({'a': 1}, b=3); dict(); range(3)|list; range(1, 4)|list; range(4, 1, -1)|list; range(1, 2, 0); range(200000)|length; range('a')
{'a': 1, 'a': 2}; {1: 'a', true: 'b', 1.0: 'c'}; {[1]: 2}; {'a': 1}['a']; {'a': 1}.a; {}.a; {'a': {}}.a.b; [1,2,][0]; (1)|string; (1,)|string; [[1, 2], [3]][0][1]; {'x': {'y': 'z'}}['x']['y']; d[['a']] is undefined
'a' 'b'; 'a\\nb'; "a\\tb\\x41\\u0042\\101"; 'a\\qb'; 'it\\'s'; "\\\\"; 'a\\
b'; 1.e; 'x'.upper().lower(); 'a,b'.split(',')[1]; (l|sort)[0]; l|sort|first; s|lower|upper|length; n|string ~ 'x'; -5|abs; - 5; 2 - -2; n if n > 5; 1 if false else 2 if false else 3; [x for x in l]; l | map; lambda: 1; a b; 1 +; (1; [1; {1}; {'a' 1}; 'abc; n is; n is nosuchtest; n|nosuchfilter; n.; n[; f(; ?; n ? 1; a.b.c; n|upper(1); s|upper(x=1); s.upper(1); s.split(foo=1); d.get(); range(); raise_exception('bad'); raise_exception()
"""

TEMPLATES = [
    "{% for x in l %}{{ loop.index }}/{{ loop.length }}:{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for x in l %}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.depth }};{% endfor %}",
    "{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}",
    "{% for x in l %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in [1,1,2,2,1] %}{{ loop.changed(x) }} {% endfor %}",
    "{% for x in l if x > 1 %}{{ loop.index }}:{{ x }}:{{ loop.length }} {% else %}none{% endfor %}",
    "{% for x in l if x > 9 %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in range(9) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in d %}{{ k }},{% endfor %}",
    "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}",
    "{% for a, b in [1] %}{{ a }}{% endfor %}",
    "{% for c in 'añ文' %}[{{ c }}]{% endfor %}",
    "{% for x in n %}{% endfor %}", "{% for x in nothing %}{% endfor %}", "{% for x in missing %}a{% else %}b{% endfor %}",
    "{% for x in tree recursive %}{{ x.n }}{% if x.c %}({{ loop(x.c) }}){% endif %}{{ loop.depth }}{% endfor %}",
    "{% for x in l %}{{ loop(l) }}{% endfor %}",
    "{% for x in l %}{% for y in l %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}",
    "{% set x = 1 %}{% for y in l %}{{ x }}{% set x = y %}{{ x }};{% endfor %}{{ x }}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% if nothing %}{% set n = 2 %}{% endif %}{{ n }}",
    "{% for x in l %}{% if x == 3 %}{% set q = x %}{% endif %}{{ q }}|{% endfor %}{{ q is defined }}",
    "{% set ns = namespace(c=0, l=[]) %}{% for x in l %}{% set ns.c = ns.c + x %}{% endfor %}{{ ns.c }}",
    "{% set d.x = 1 %}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set (a, b) = (3, 4) %}{{ b }}{{ a }}", "{% set a, b = 1 %}",
    "{% set a.b = 1 %}", "{% set 'a' = 1 %}", "{% set a, b = b, a %}{{ a }}", "{% set x = 1, %}{{ x }}", "{% set x = 1, 2 %}{{ x }}",
    "{% set x %}a{{ n }}b{% endset %}{{ x }}|{{ x|length }}", "{% set x | upper | trim %} a{{ n }}b {% endset %}[{{ x }}]",
    "{% set x %}{% set y = 5 %}{{ y }}{% endset %}{{ x }}{{ y is defined }}",
    "{% macro m(a, b='B', c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }};{{ m(1, 2) }};{{ m(1, c=3) }};{{ m(b=1, a=2) }};{{ m() }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}",
    "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}", "{% macro m(a, b) %}{{ a }}{% endmacro %}{{ m.name }}{{ m.arguments }}",
    "{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}",
    "{% macro m(x=[]) %}{% set _ = x.append(1) %}{{ x }}{% endmacro %}{{ m() }}{{ m() }}",
    "{% macro m() %}{{ n }}{{ late }}{% endmacro %}{% set late = 'L' %}{{ m() }}", "{% macro m() %}{% set n = 1 %}{{ n }}{% endmacro %}{{ m() }}{{ n }}",
    "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}body {{ n }}{% endcall %}",
    "{% macro m() %}{% for x in l %}<{{ caller(x) }}>{% endfor %}{% endmacro %}{% call(i) m() %}{{ i }}{{ n }}{% endcall %}",
    "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}", "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(*[5]) }}{{ m(**{'a': 6}) }}", "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(1, *[2]) }}",
    "{% macro m() %}  a  {% endmacro %}[{{ m() }}]{{ m()|trim }}{{ m()|length }}", "{{ m() }}{% macro m() %}x{% endmacro %}",
    "{% filter upper %}a{{ n }}b{% endfilter %}", "{% filter replace('a', 'b')|upper %}aXa{% endfilter %}",
    "{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z is defined }}", "{% with a=1, b=n %}{{ a }}{{ b }}{% endwith %}", "{% with n=1, m=n %}{{ n }}{{ m }}{% endwith %}",
    "{% raw %}{{ n }} {% if %}{% endraw %}!", "a {%- raw -%} {{ x }} {%- endraw -%} b", "{% raw %}\n a\n{% endraw %}\nb", "  {% raw %}x{% endraw %}  ", "{% raw %}a",
    "a\n  {% if true %}\n  b\n  {% endif %}\nc", "a\n  {%- if true %}\n  b\n  {%- endif %}\nc", "a\n  {%+ if true %}\n  b\n  {% endif +%}\nc",
    "{{ n -}}  \n x", "x \n {{- n }}\n", "x\n{{ n }}\ny", "a {% if true %} b {% endif %} c", "{% if true %}\n\n{% endif %}x", "  {{ n }}", "\t{% if true %}x{% endif %}",
    "a{# c #}\nb", "a\n  {# c #}\nb", "a {#- c -#} b", "{# a\nb #}\nc", "{# a {{ x }} #}", "{# x", "{#- x -#}\n\ny", "{#+ x +#}\n y", " {# a #} {# b #}\nc",
    "{{ n }}\n", "{{ n }}\n\n", "a\r\nb\rc\n", "{{ '}}' }}", "{{ {'a': {'b': 1}}.a.b }}", "{{ '{{' }}{{ \"%}\" }}", "{% if '%}' == '%}' %}y{% endif %}",
    "{{ n", "{% if n %}", "{% endif %}", "{% else %}", "{% if %}x{% endif %}", "{% for %}", "{% for x %}{% endfor %}", "{% nosuch %}", "{% %}", "{% if n %}{% endfor %}", "{% if n %}a{% elif 0 %}b{% else %}c{% else %}d{% endif %}",
    "{% if nothing %}a{% elif n == 7 %}b{% else %}c{% endif %}", "{% if nothing %}a{% elif n == 8 %}b{% elif n == 7 %}q{% endif %}", "{% if n, %}t{% endif %}", "{% break %}", "{% for x in l %}{% endfor %}{% continue %}",
    "{% print n, 1 %}", "{{ n, 1 }}", "{{ }}", "{{ () }}", "{{ n }}{{", "{", "{ {", "}}", "%}", "{{ n }} }}", "{% set x = {'a': 1} %}{% set _ = x.update({'b': 2}) %}{{ x }}",
    "{% set x = [3,1] %}{% set _ = x.append(2) %}{{ x }}{{ x.pop() }}{{ x.pop(0) }}{{ x }}{% set _ = x.insert(0, 9) %}{{ x }}{% set _ = x.extend([7,8]) %}{{ x }}{{ x.index(9) }}{{ x.count(7) }}",
    "{% set x = [] %}{{ x.pop() }}", "{% set x = {'a': 1} %}{{ x.pop('a') }}{{ x }}{{ x.pop('q', 5) }}{{ x.setdefault('z', 3) }}{{ x }}",
    "{% set g = l|select('odd') %}{{ g|list }}{{ g|list }}", "{% set g = l|map('string') %}{{ g|first }}{{ g|list }}", "{% set g = l|reject('odd') %}{% for x in g %}{{ x }}{% endfor %}{% for x in g %}{{ x }}{% endfor %}",
    "{% set j = joiner(', ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}", "{% set x = 'a' %}{% set y = x %}{% set x = x ~ 'b' %}{{ x }}{{ y }}",
    "{% set ns = namespace(t='') %}{% for i in range(300) %}{% set ns.t = ns.t + 'ab' + i|string %}{% endfor %}{{ ns.t }}",
    "{% set a = 'x' * 600 %}{% set b = a + 'y' %}{% set c = a + 'z' %}{% set d2 = b + '1' %}{% set e2 = b + '2' %}{{ b[-2:] }}{{ c[-2:] }}{{ d2[-3:] }}{{ e2[-3:] }}",
    "{% include 'x' %}", "{% import 'x' as y %}", "{% extends 'x' %}", "{% for loop in l %}{{ loop }}{% endfor %}", "{% for x in l %}{% set loop = 5 %}{{ loop }}{% endfor %}", "{{ loop is defined }}",
    "{% for x in [[1, 2], [3]] %}{% for y in x %}{{ loop.parent is defined }}{{ y }}{% endfor %}{% endfor %}", "{{ n|string|length + 1 }}", "{{ 'a' if n == 7 and not nothing else 'b' }}", "{{ not n == 7 }}", "{{ n == 7 == true }}",
    "{{ d.a['x'][0] }}{{ d['a'].x[-1] }}", "{{ (l + [4])[-1] }}", "{{ [1, 2, 3][1:][0] }}", "{{ 'abc'[1:][0] }}", "{{ l|length > 2 and l[0] == 3 }}", "{{ 'a' in ['a'] and 'b' not in ['a'] }}",
]


def main():
    env = SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    env.filters["tojson"] = tojson

    def raise_exception(message):
        raise ValueError(message)

    env.globals["raise_exception"] = raise_exception
    sources = list(TEMPLATES)
    for line in EXPRESSIONS.strip().replace("\\\nb'", "\\n'").split("\n"):
        sources += ["{{ " + e.strip() + " }}" for e in line.split("; ") if e.strip()]
    cases = []
    for source in dict.fromkeys(sources):
        try:
            want = env.from_string(source).render(**json.loads(json.dumps(CONTEXT)))
        except Exception:
            want = None
        if want is not None and (" object at 0x" in want or "generator object" in want or " method " in want):
            continue
        cases.append({"template": source, "want": want})
    out = pathlib.Path(__file__).parent / "template_cases.json"
    out.write_text(json.dumps({"context": CONTEXT, "cases": cases}, indent=1, ensure_ascii=True) + "\n")
    print(len(cases), sum(c["want"] is None for c in cases))


if __name__ == "__main__":
    main()
