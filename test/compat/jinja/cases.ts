/** Templates written for this test, each rendered by real Jinja2 and by ours: the same text must come of both. */
export interface JinjaCase {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Plain data that both sides can be given as JSON. */
export const VARIABLES = {
  user: { name: 'Ann "<b>" O\'Neil', admin: true, url: '/user/ann/' },
  nobody: null,
  empty_list: [],
  empty_dict: {},
  empty_text: '',
  zero: 0,
  number: 7,
  float: 2.5,
  yes: true,
  no: false,
  html: '<i>hi</i> & bye',
  words: ['pear', 'Apple', 'fig', 'Apple'],
  numbers: [3, 1, 2],
  links: { docs: '/docs?a=1&b=2', help: '/help' },
  people: [
    { name: 'bo', floor: 2, tags: ['x', 'y'] },
    { name: 'Al', floor: 1, tags: [] },
    { name: 'cy', floor: 2, tags: ['z'] },
  ],
  announcement: 'Down at <b>five</b>',
};

const EXPRESSIONS: Readonly<Record<string, readonly string[]>> = {
  'prints and escapes': [
    '{{ user.name }}',
    "{{ user['name'] }}",
    '{{ html }}|{{ html | safe }}|{{ html | e }}|{{ html | safe | e }}|{{ html | forceescape }}',
    '{{ nobody }}|{{ yes }}|{{ no }}|{{ missing }}|{{ zero }}|{{ float }}|{{ number }}',
    '{{ words }}|{{ links }}|{{ empty_list }}|{{ empty_dict }}',
    '{{ True }}{{ False }}{{ None }}{{ true }}{{ false }}{{ none }}',
    '{{ (missing.upper is defined) if false else "guarded" }}',
    '{{ user.missing }}|{{ nobody.name }}|{{ words[10] }}|{{ words[-1] }}|{{ words.0 }}',
    '{{ "<b>" }}{{ "<b>" | safe }}{{ "a\\"b" }}',
  ],
  'knows what is true': [
    '{% if empty_list %}t{% else %}f{% endif %}{% if empty_dict %}t{% else %}f{% endif %}{% if "0" %}t{% else %}f{% endif %}',
    '{{ "x" if empty_list else "y" }}|{{ "x" if words }}|{{ "x" if empty_text }}',
    '{{ empty_list or "none" }}|{{ words and "some" }}|{{ not empty_dict }}|{{ zero or nobody }}|{{ number and zero }}',
    '{% if user and user.admin and not nobody %}all{% elif user %}some{% else %}none{% endif %}',
    '{{ 1 if no else 2 if no else 3 }}',
    '{% if not user.admin or number > 5 %}a{% endif %}{% if not (user.admin and zero) %}b{% endif %}',
  ],
  'compares and calculates': [
    '{{ 1 + 2 * 3 - 4 }}|{{ 7 // 2 }}|{{ 7 % 3 }}|{{ -7 // 2 }}|{{ -7 % 3 }}|{{ 2 ** 5 }}|{{ -number }}',
    '{{ "a" ~ 1 ~ true ~ none ~ html }}|{{ "a" + "b" }}|{{ "ab" * 3 }}|{{ [1] + [2] }}',
    '{{ (html | safe) ~ "<i>" }}|{{ (html | safe) + "<i>" }}|{{ "<i>" ~ (html | safe) }}|{{ html ~ "<i>" }}',
    '{{ 1 < 2 }}|{{ 1 < number < 9 }}|{{ "a" < "b" }}|{{ 1 == 1.0 }}|{{ "1" == 1 }}|{{ [1, 2] == [1, 2] }}|{{ none == false }}',
    '{{ "Apple" in words }}|{{ "docs" in links }}|{{ "nn" in user.name }}|{{ "x" not in words }}|{{ 9 in [] }}',
    '{{ "%s has %d at %.1f%%" % ("Al", 3, 2.25) }}|{{ "%s" % html }}|{{ "%05d" | format(42) }}',
    '{{ (1, 2)[1] }}|{{ {"a": 1, "b": {"c": 2},}.b.c }}|{{ [1, 2,][1] }}|{{ {"k" ~ 1: 5}["k1"] }}',
  ],
  slices: [
    '{{ words[1:] }}|{{ words[:2] }}|{{ words[-2:] }}|{{ words[::-1] }}|{{ words[::2] }}|{{ "anteroom"[:4] }}|{{ "anteroom"[2:5] }}|{{ words[3:1] }}',
  ],
  'has tests': [
    '{{ user is defined }}|{{ missing is defined }}|{{ missing is undefined }}|{{ missing is not defined }}|{{ user.nothing is defined }}',
    '{{ nobody is none }}|{{ user is none }}|{{ nobody is not none }}|{{ html is string }}|{{ 3 is string }}|{{ (html | safe) is string }}',
    '{{ links is mapping }}|{{ words is sequence }}|{{ words is iterable }}|{{ 3 is iterable }}|{{ 3 is number }}|{{ 3 is integer }}|{{ float is float }}|{{ yes is boolean }}|{{ yes is true }}|{{ no is false }}',
    '{{ 4 is even }}|{{ 3 is odd }}|{{ 9 is divisibleby(3) }}|{{ 3 is eq(3) }}|{{ 3 is gt(2) }}|{{ "a" is in(["a"]) }}|{{ "a" is lower }}|{{ "A" is upper }}|{{ 3 is sameas(3) }}',
  ],
  'has text filters': [
    '{{ user.name | upper }}|{{ user.name | lower }}|{{ "hello wORLD-wide (x)" | title }}|{{ "hello WORLD" | capitalize }}|{{ "  x " | trim }}|{{ "xxaxx" | trim("x") }}',
    '{{ html | replace("i", "b") }}|{{ html | replace("<", "[", 1) }}|{{ html | safe | replace("hi", "<u>") }}|{{ "aaa" | replace("a", "b", count=2) }}',
    '{{ html | striptags }}|{{ html | length }}|{{ html | wordcount }}|{{ "a\\nb" | indent }}|{{ "a\\nb" | indent(2, true) }}|{{ "a\\nb" | indent(width=1, first=True) }}|{{ "ab" | center(6) }}|',
    '{{ "one two three four" | truncate(9) }}|{{ "one two three four" | truncate(9, True, "…") }}|{{ "one two three four" | truncate(10, leeway=0) }}|{{ "short" | truncate }}',
    '{{ "a b/c?d=é&x" | urlencode }}|{{ links | urlencode }}|{{ [("a b", 1), ("c", "d/e")] | urlencode }}',
    '{{ missing | default("d") }}|{{ missing | d }}|{{ empty_text | default("d") }}|{{ empty_text | default("d", true) }}|{{ nobody | default("d", boolean=True) }}|{{ nobody | default("d") }}',
    '{{ "3" | int + 1 }}|{{ "x" | int }}|{{ "x" | int(9) }}|{{ "2.5" | float }}|{{ 2.7 | int }}|{{ "ff" | int(0, 16) }}|{{ -3 | abs }}',
    '{{ 42.55 | round(1) }}|{{ 42.45 | round(1, "floor") }}|{{ 1.2 | round(1, "ceil") }}',
    '{{ 500 | filesizeformat }}|{{ 1500 | filesizeformat }}|{{ 1 | filesizeformat }}|{{ 3000000 | filesizeformat }}|{{ 2048 | filesizeformat(true) }}',
    '{{ "%s-%s" | format("<a>", 2) }}|{{ "<b>%s</b>" | safe | format("<a>") }}|{{ 12 | string }}|{{ "x" | string | upper }}',
  ],
  'has list filters': [
    '{{ words | join }}|{{ words | join(", ") }}|{{ people | join(", ", attribute="name") }}|{{ ["<a>", "<b>" | safe] | join("<br>") }}|{{ ["<a>"] | join("<br>" | safe) }}',
    '{{ words | first }}|{{ words | last }}|{{ words | length }}|{{ words | count }}|{{ empty_list | first }}|{{ "abc" | first }}|{{ links | length }}',
    '{{ words | sort }}|{{ words | sort(true) }}|{{ words | sort(case_sensitive=true) }}|{{ people | sort(attribute="floor,name") | map(attribute="name") | list if false else "" }}|{{ people | sort(attribute="name") | map(attribute="name") | join(",") }}|{{ numbers | sort(reverse=True) }}',
    '{{ words | unique | list }}|{{ words | reverse | list }}|{{ "abc" | reverse }}|{{ numbers | sum }}|{{ people | sum(attribute="floor") }}|{{ people | sum(attribute="tags", start=[]) }}|{{ numbers | max }}|{{ numbers | min }}|{{ words | max }}',
    '{{ words | map("upper") | list }}|{{ people | map(attribute="name") | join("-") }}|{{ people | map(attribute="gone", default="?") | join }}|{{ words | map("replace", "p", "q") | join("/") }}',
    '{{ people | selectattr("tags") | map(attribute="name") | join }}|{{ people | rejectattr("tags") | map(attribute="name") | join }}|{{ people | selectattr("floor", "eq", 2) | map(attribute="name") | join }}|{{ numbers | select("odd") | list }}|{{ numbers | reject("gt", 1) | list }}',
    '{% for floor, list in people | groupby("floor") %}{{ floor }}:{{ list | map(attribute="name") | join }};{% endfor %}{% for g in people | groupby("floor") %}{{ g.grouper }}{{ g.list | length }}{% endfor %}',
    '{{ [1,2,3,4,5] | batch(2) | list }}|{{ [1,2,3] | batch(2, "x") | list }}|{{ [1,2,3,4,5] | slice(2) | list }}',
    '{% for k, v in links | dictsort %}{{ k }}={{ v }};{% endfor %}{% for k, v in links | items %}{{ k }}{% endfor %}|{{ links | list }}|{{ "ab" | list }}',
    '{{ people | tojson }}|{{ html | tojson }}|{{ user | tojson }}|{{ "é" | tojson }}|{{ none | tojson }}|{{ empty_list | tojson }}',
    '<pre>{{ people | tojson(indent=2) }}</pre>',
  ],
  'has methods of Python': [
    '{{ user.name.upper() }}|{{ user.name.split(" ")[0] }}|{{ user.name.startswith("Ann") }}|{{ "a,b,c".split(",", 1) }}|{{ "a b  c".split() }}|{{ "x".join(words) }}|{{ " x ".strip() }}|{{ "hello world".title() }}|{{ "ab".capitalize() }}',
    '{{ "{} and {name}: {0}".format("x", name=html) if false else "" }}{{ "{} {}".format("a", 2) }}|{{ "{n:.2f}".format(n=2.5) }}|{{ "a-b-c".rsplit("-", 1) }}|{{ "a=b".partition("=") | list }}|{{ "abc".find("c") }}|{{ "abc".replace("b", "<") }}|{{ "7".zfill(3) }}|{{ "12".isdigit() }}|{{ "user@x.org".split("@") | first }}',
    '{% for k, v in links.items() %}{{ k }}={{ v }} {% endfor %}{{ links.get("docs") }}|{{ links.get("no") }}|{{ links.get("no", "-") }}|{{ links.keys() | list }}|{{ links.values() | list }}',
    '{% set xs = [] %}{% for w in words %}{% set _ = xs.append(w | upper) %}{% endfor %}{{ xs }}|{% set d = {} %}{% set _ = d.update({"a": 1}) %}{{ d }}',
    '{{ ("<b>" | safe).upper() }}|{{ ("<b>%s</b>" | safe) % html }}|{{ ("<b>{}</b>" | safe).format(html) }}|{{ ("a" | safe).replace("a", "<") }}',
  ],
  loops: [
    '{% for w in words %}{{ loop.index }}/{{ loop.length }}:{{ w }}{% if not loop.last %}, {% endif %}{% endfor %}',
    '{% for w in words %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.cycle("odd", "even") }}{{ loop.previtem }}{{ loop.nextitem }} {% endfor %}',
    '{% for x in empty_list %}x{% else %}nothing{% endfor %}{% for x in missing %}x{% else %}missing{% endfor %}',
    '{% for p in people if p.floor == 2 %}{{ loop.index }}{{ p.name }}{% else %}none{% endfor %}{% for p in people if p.floor == 9 %}x{% else %}none{% endfor %}',
    '{% for p in people %}{% for t in p.tags %}{{ p.name }}{{ t }}{{ loop.depth }}{{ loop.index }} {% endfor %}{{ loop.index }}{% endfor %}',
    '{% for p in people %}{% set outer = loop %}{% for t in p.tags %}{{ outer.index }}{{ t }}{% endfor %}{% endfor %}',
    '{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(2, 8, 3) %}{{ i }}{% endfor %}{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}',
    '{% for c in "ab" %}{{ c }}.{% endfor %}{% for k in links %}{{ k }}.{% endfor %}{% for a, b in [[1, 2], [3, 4]] %}{{ a + b }}.{% endfor %}',
    '{% for p in people %}{% if loop.changed(p.floor) %}[{{ p.floor }}]{% endif %}{{ p.name }}{% endfor %}',
  ],
  sets: [
    '{% set x = 1 %}{% if yes %}{% set x = 2 %}{% endif %}{{ x }}',
    '{% set x = 1 %}{% for i in [5, 6] %}{% set x = i %}{{ x }}{% endfor %}{{ x }}',
    '{% set ns = namespace(found=false, n=0) %}{% for i in [5, 6] %}{% set ns.n = ns.n + i %}{% set ns.found = true %}{% endfor %}{{ ns.n }}{{ ns.found }}',
    '{% set block %}<b>{{ user.name }}</b>{% endset %}{{ block }}|{{ block | upper }}',
    '{% set a, b = [1, 2] %}{{ a }}{{ b }}{% with c = a + 1, d = 5 %}{{ c }}{{ d }}{% set a = 9 %}{{ a }}{% endwith %}{{ a }}{{ c }}',
    '{% filter upper %}a{{ html }}{% endfilter %}{% raw %}{{ x }}{% y %}{% endraw %}{# no {{ x }} #}',
    'a {%- if yes %} b {%- endif -%} c {{- 1 -}} d {#- x -#} e',
    '{% set sep = joiner("|") %}{% for w in words %}{{ sep() }}{{ w }}{% endfor %}{% set c = cycler("a", "b") %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ dict(a=1, b=2).b }}',
  ],
  macros: [
    '{% macro link(href, text=None, kind="plain") %}<a class="{{ kind }}" href="{{ href }}">{{ text or href }}</a>{% endmacro %}{{ link(links.docs) }}{{ link("/x", "<X>") }}{{ link("/x", kind="big", text="T") }}{{ link(href="/y") }}',
    '{% macro box(title) %}<div>{{ title }}:{{ caller() }}</div>{% endmacro %}{% call box("T<") %}in {{ user.name }}{% endcall %}',
    '{% macro rows(xs) %}{% for x in xs %}{{ caller(x) }};{% endfor %}{% endmacro %}{% call(w) rows(words) %}{{ w | upper }}{% endcall %}',
    '{% macro down(n) %}{{ n }}{% if n > 0 %}{{ down(n - 1) }}{% endif %}{% endmacro %}{{ down(3) }}',
  ],
};

const BASE = `<title>{% block title %}Base{% endblock %}</title>{% block head scoped %}H{% endblock head %}
{% block body %}[{% block inner %}inner {{ user.name }}{% endblock %}]{% endblock %}{% for w in words %}{% block item scoped %}({{ w }}){% endblock %}{% endfor %}{% block foot %}{{ announcement }}{% endblock %}`;

const PAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'replaces blocks': {
    'base.html': BASE,
    'page.html':
      '{% extends "base.html" %}{% block title %}Mine{% endblock %}{% block inner %}<{{ super() }}>{% endblock %}',
  },
  'nests blocks, with super in each': {
    'base.html': BASE,
    'page.html':
      '{% extends "base.html" %}{% block body %}a{{ super() }}b{{ super() }}{% endblock %}{% block item %}{{ loop.index }}{{ super() }}{{ w | upper }}{% endblock %}',
  },
  'extends through three': {
    'base.html': BASE,
    'mid.html':
      '{% extends "base.html" %}{% block title %}mid {{ super() }}{% endblock %}{% block body %}mid({{ super() }}){% endblock %}',
    'page.html':
      '{% extends "mid.html" %}{% block title %}top {{ super() }}{% endblock %}{% block inner %}top {{ super() }}{% endblock %}',
  },
  'sets before the parent': {
    'base.html': BASE,
    'page.html':
      '{% extends "base.html" %}{% set announcement = "none today" %}{% if user.admin %}{% set who = "admin" %}{% endif %}{% block head %}{{ who }}{% set who = "x" %}{{ who }}{% endblock %}{% block inner %}{{ who }}{% endblock %}ignored',
  },
  'puts super after text': {
    'base.html': BASE,
    'page.html':
      '{% extends "base.html" %}{% block foot %}{% if user.admin %}{% for i in [1, 2] %}{{ super() }}{% endfor %}{% endif %}{{ self.title() }}{% endblock %}',
  },
  'includes and imports': {
    'part.html': '<p>{{ user.name }} {{ w }}{{ local }}</p>',
    'bare.html': '<b>{{ local }}{{ user }}</b>',
    'macros.html': '{% macro hi(name) %}hi {{ name }}{{ user }}{% endmacro %}{% set greeting = "hello" %}',
    'page.html':
      '{% for w in words %}{% include "part.html" %}{% endfor %}{% set local = 1 %}{% include "part.html" %}{% include "gone.html" ignore missing %}{% include ["gone.html", "part.html"] %}{% include "bare.html" without context %}{% import "macros.html" as m %}{{ m.hi("<x>") }}{{ m.greeting }}{% from "macros.html" import hi as hello, greeting %}{{ hello("y") }}{{ greeting }}{% from "macros.html" import hi with context %}{{ hi("z") }}',
  },
};

export const CASES: readonly JinjaCase[] = [
  ...Object.entries(EXPRESSIONS).flatMap(([title, sources]) =>
    sources.map((source) => ({ title: `${title}: ${source}`, files: { 'page.html': source } })),
  ),
  ...Object.entries(PAGES).map(([title, files]) => ({ title, files })),
];
