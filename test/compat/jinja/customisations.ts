/**
 * Five customisations in the manner of JupyterHub's and Zero to JupyterHub's documentation, written for this test. What
 * a site adds stands between `<x-NAME>` tags: that must come out alike; our own markup around it may differ.
 */
export const TEMPLATES: Readonly<Record<string, string>> = {
  // A sign-in page with a notice, a longer explanation and other terms.
  'login.html': `{% extends "templates/login.html" %}
{% block login %}
<x-notice><h2>{{ org.name }} &mdash; {{ org_motto }}</h2>{% if announcement_login is defined %}<p>{{ announcement_login }}</p>{% endif %}</x-notice>
{{ super() }}
<x-help>{% for name, href in org.links.items() %}<a href="{{ href }}">{{ name | title }}</a>{% if not loop.last %} | {% endif %}{% endfor %}</x-help>
{% endblock login %}
{% block login_terms %}<x-terms><a href="{{ login_term_url }}">{{ "terms" | upper }}</a></x-terms>{{ super() }}{% endblock %}
`,
  // The layout of every page: title, announcement, navigation by rights, footer.
  'page.html': `{% extends "templates/page.html" %}
{% from "macros/links.html" import external with context %}
{% block title %}<x-title>{{ org.name }}</x-title>{% endblock %}
{% block announcement %}<x-announcement>{% if announcement %}<div class="warn">{{ announcement | safe }}</div>{% else %}quiet{% endif %}</x-announcement>{% endblock %}
{% block nav_bar_left_items %}{{ super() }}<x-nav>{{ external("/docs?a=1&b=2", "Docs <here>") }}{% if user.admin %}<b>admin</b>{% endif %}{% if "admin-ui" in parsed_scopes %}<b>ui</b>{% endif %}{% if "read:users" in expanded_scopes %}all{% endif %}</x-nav>{% endblock %}
{% block footer %}<x-footer>{% include "parts/footer.html" %}</x-footer>{% endblock %}
`,
  'macros/links.html': `{% macro external(href, text, target="_blank") -%}
<a href="{{ href }}" target="{{ target }}">{{ text }} ({{ prefix }})</a>
{%- endmacro %}`,
  'parts/footer.html': `{%- set year = org.since + 1 -%}
&copy; {{ org.name }}, {{ year }}{{ " and on" if org.links else "" }}; {{ greeting or "nobody" }}`,
  // A home page with a link and a greeting under the usual content.
  'home.html': `{% extends "templates/home.html" %}
{% block main %}
<x-home>{% if user %}Hello {{ user.name }}, {{ user.name.split("@")[0] | upper }}; <a href="{{ user.server_url("gpu") }}">{{ user.url }}</a> {{ user.escaped_name }} {{ base_url }} {{ prefix }} {{ logout_url }}{% endif %}{{ default_server.active }}{{ default_server.pending }}</x-home>
{{ super() }}
<script>var name = {{ user.name | tojson }}; var again = "{{ user.json_escaped_name | safe }}";</script>
{% endblock %}
`,
  // Pages of a status.
  '404.html': `{% extends "error.html" %}
{% block h1_error %}<x-heading>{{ status_code }}{% if status_code == 404 %} (not here){% endif %}</x-heading>{% endblock %}
{% block error_detail %}<x-detail>Ask {{ org.links.help }}{% if message %} ({{ message }}){% endif %}</x-detail>{{ super() }}{% endblock %}
`,
  // Zero to JupyterHub: a folder of templates and variables for them.
  'spawn.html': `{% extends "templates/spawn.html" %}
{% set sizes = [{"name": "small", "gb": 2}, {"name": "large", "gb": 32}] %}
{% block heading %}<x-sizes><ul>{% for size in sizes if size.gb > 1 %}<li class="{{ loop.cycle("odd", "even") }}">{{ size.name }}: {{ "%d GB" | format(size.gb) }}</li>{% endfor %}</ul>{{ sizes | map(attribute="name") | join(", ") }} for {{ for_user.name }}; {{ sizes | selectattr("gb", "gt", 8) | list | length }}</x-sizes>{{ super() }}{% endblock %}
`,
};

/** Of both hubs, as JSON. */
export const TEMPLATE_VARS = {
  org: {
    name: 'Uni <of> "Tea"',
    since: 2024,
    links: { help: 'mailto:help@example.org', rules: '/rules?x=1&y=2' },
  },
  org_motto: "Brew & 'steep'",
  announcement: 'Closed <b>on Sunday</b>',
  announcement_login: 'Sign in <i>kindly</i>',
  announcement_home: '',
  login_term_url: 'https://example.org/terms?a=1&b=2',
};

/** What a page shows between `<x-NAME>` tags. */
export function parts(html: string): Readonly<Record<string, string>> {
  const found = [...html.matchAll(/<x-(\w+)>([\s\S]*?)<\/x-\1>/g)];
  return Object.fromEntries(found.map(([, name = '', text = '']) => [name, text.trim()]));
}
