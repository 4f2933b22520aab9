"""Texts at the edges of names, durations and addresses, valid and not; each group breaks another rule."""

TEXTS = (
    *("a1", "a-b", "a_b", "a.b", "A", "1a", "Worker", "delete"),
    *("a-", "-a", "_a", "a.", ".a", "a..b", ".", "..", "..a"),
    *("a ", " a", "a b", "a\n", "\na", "a\tb", "a\x0bb", "a\x1cb", "\x00"),
    *("a\u0085b", "a\u00a0b", "a\u2028b", "\ufeff", "\uffff"),
    # letters that fold into ASCII, a digit that is none of 0 to 9, a letter of two code points
    *("\u017f", "\u212a", "\u0661", "a\u0301", "ä"),
    *("'", '"', "\\", "/", "a:b", "$(A)"),
    *("DURABLE_AGENTS_X", "TEMPORAL_", "TEMPORA"),
)

DURATIONS = (
    *("1s", "01s", "00001s", "1m", "1h1h", "1m1h", "1s1ms", "1h1m1s1ms"),
    *("0s", "0h", "999ms", "1000ms", "1001ms"),
    *("720h", "720h0ms", "720h1ms", "719h60m", "719h61m", "43200m", "43201m", "99999s", "99999m", "99999h"),
    *("000001s", "1h1m1s1ms1ms", "1ms1ms1ms1ms1ms"),
    *("99999h99999h99999h99999h", "99999ms99999ms99999ms99999ms"),
    *("1.5h", ".5h", "-1h", "+1h", "1e3s", "\u0661s"),
    *("1d", "1w", "1us", "1µs", "1ns", "1H", "1 h", "1h ", "1h\n"),
    *("1", "h", "s1", "P1D", "PT1H", "01:00:00", "inf"),
)

URLS = (
    *("http://a", "https://a/", "https://a/b/c", "https://a//b", "https://a_b.c", "https://1.2.3.4"),
    *("https://a:80", "https://a:80/b", "https://[::1]:8080/v1"),
    *("https://a/%20", "https://a/'\"\\", "https://a/~:@!$&()*+,;="),
    *("HTTPS://a", "ftp://a", "javascript:a", "//a", "a", "https://", "https:///b"),
    *("https://u:p@a", "https://a?b", "https://a#b", "https://a/?b"),
    *(" https://a", "https://a b", "https://a/b c", "https://a\n", "https://ä", "https://a/ä"),
    *("https://a:", "https://a:b", "https://a:123456", "https://[::1", "https://::1"),
)
