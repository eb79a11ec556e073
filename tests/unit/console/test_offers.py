"""Forms and links that would be refused are not offered."""

from console.offers import keep_allowed

PAGE = """<a href="/tickets?a=1&amp;b=2#top">Tickets</a> <a class="b" href="/users"><b>Users</b></a>
<a href="#content">Skip</a><form method="post" class="x" action="/tickets/1/close">
<button>Close</button></form><form action="/devices"><input></form><form method="get" action="/users"><i></i></form>"""


def test_what_is_allowed_stays_as_it_is_and_the_rest_leaves_its_words():
    assert keep_allowed(PAGE, lambda method, path: True) == PAGE

    shown = keep_allowed(PAGE, lambda method, path: method == "GET" and path in ("/tickets", "/devices"))

    assert shown == (
        '<a href="/tickets?a=1&amp;b=2#top">Tickets</a> <b>Users</b>\n<a href="#content">Skip</a>'
        '<form action="/devices"><input></form>'
    )
