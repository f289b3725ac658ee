"""Prints what JupyterHub's two subdomain hooks make of many names, as JSON (`subdomain-vectors.json`)."""

import json
import random
import sys

import idna
from jupyterhub import __version__
from jupyterhub.utils import subdomain_hook_idna, subdomain_hook_legacy

DOMAIN = "hub.example.org"

PLAIN = [
    "alice", "bob-smith", "Alice", "a", "0", "42", "4two", "007", "-a", "a-", "a--b", "xn--abc", "--", "-",
    "user_name", "user.name", "user@example.org", "first last", "a~b", "a%b", "a%2fb", "a+b", "a:b", "a'b", "a\"b",
    "a" * 62, "a" * 63, "a" * 64, "a" * 255, "ab-" * 21, "_", "___", "!?", "UPPER", "Mixed-Case", "a.b.c", ".a", "a.",
    "services", "hub", "user", "service", "x--service", "tab\there", "comma,name", "semi;colon", "a&b=c", "#hash",
]
UNICODE = [
    "zoë", "ZOË", "Ünïcode", "straße", "STRASSE", "ß", "ς", "σίγμας", "秀樹", "五", "五五", "東京太郎", "カタカナ", "ー", "一ー二",
    "・", "ア・イ", "·", "l·l", "L·L", "a·b", "͵α", "͵a", "א׳", "׳א", "א״ב", "שלום", "שלום1", "1שלום", "مرحبا", "مرحبا١", "١مرحبا",
    "١٢٣", "مرحبا١۱", "۱۲۳", "हिन्दी", "क्‍ष", "क‍ष", "क्‌ष", "نامه‌ای", "ن‌", "a‌b", "a‍b", "é", "e\u0301", "\u0301e", "ﬁ", "Ⅷ", "x²",
    "１２３", "ａｂｃ", "ａlice", "。", "a。b", "é.x", "é.", "😀", "a😀b", "☃", "™", "a™", "ĳ", "ǆ", "ſam", "Kelvin", "İ", "ı", "ıı",
    "한국어", "ᄀ", "각", "각", "ไทย", "ກຳ", "ქართული", "ᲥᲐᲠᲗᲣᲚᲘ", "Ꭰ", "ꭰ", "ᏸ", "ѐ", "Привет", "привет", "пользователь-1",
    "é" * 20, "é" * 50, "é" * 59, "漢" * 15, "漢" * 30, "漢" * 63, "ab--é", "éa--b", "-é", "é-", "xn--é", "é_b", "é b", "é@b",
    "\u00ad", "a\u00adé", "\u200b", "é\u200b", "\ufeffé", "\u3007", "\u0640", "ـب", "\u07fa", "〱", "〻", "\u302e", "\u1fbe", "ᾳ", "ϐ",
    "\U0001d4d0", "\U00020000", "\U0001f469\u200d\U0001f4bb", "ꜩ", "ɐ", "ʻokina", "ʼ", "’", "a’b", "ﷺ", "ۣ", "ै", "कै", "٠a", "اa", "aا",
    "\u06fd", "\u0f0b", "\ua926", "á́", "ệ", "ﾊﾝｶｸ", "ｶﾅ", "µ", "μ", "Å", "å", "Ω", "ω", "½", "①", "㍿", "َ", "\u0332a",
]


def random_names(count):
    """Labels of one script each, and some of any assigned letter, mark or digit."""
    chance = random.Random(6_1_1)
    blocks = [
        (0x00DF, 0x024F), (0x0370, 0x03FF), (0x0400, 0x052F), (0x0561, 0x0587), (0x05D0, 0x05EA), (0x0620, 0x06D3),
        (0x0904, 0x096F), (0x0E01, 0x0E4E), (0x10D0, 0x10FF), (0x1200, 0x135A), (0x3041, 0x30FE), (0x4E00, 0x9FFF),
        (0xAC00, 0xD7A3), (0x1E00, 0x1FFF), (0x2100, 0x218F), (0xFF00, 0xFFEF), (0x1D400, 0x1D7FF), (0x20, 0x7E),
    ]
    import unicodedata

    for _ in range(count):
        low, high = chance.choice(blocks)
        letters = []
        for _ in range(chance.randint(1, 12)):
            if chance.random() < 0.15:
                low2, high2 = chance.choice(blocks)
                point = chance.randint(low2, high2)
            else:
                point = chance.randint(low, high)
            # what both sides' tables of Unicode know: older than 12
            if unicodedata.ucd_3_2_0.category(chr(point)) == "Cn":
                continue
            letters.append(chr(point))
        name = "".join(letters).replace("/", "").strip()
        if name and "\n" not in name:
            yield name


names = [name for name in dict.fromkeys([*PLAIN, *UNICODE, *random_names(600)])]
json.dump(
    {
        "origin": f"jupyterhub {__version__} utils.py, idna {idna.__version__}; made by test/compat/record/subdomains.py",
        "domain": DOMAIN,
        "vectors": [
            {
                "name": name,
                "idna": subdomain_hook_idna(name, DOMAIN, "user"),
                "idnaService": subdomain_hook_idna(name, DOMAIN, "service"),
                "legacy": subdomain_hook_legacy(name, DOMAIN, "user"),
                "legacyService": subdomain_hook_legacy(name, DOMAIN, "service"),
            }
            for name in names
        ],
    },
    sys.stdout,
    indent=1,
    ensure_ascii=True,
)
print()
