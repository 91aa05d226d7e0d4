#!/bin/sh
# Fails when a file includes a header of a room, or of a library, that LAYERS
# does not let its room use.
# usage: contrib/check-layers.sh <src>
cd "${1:?usage: check-layers.sh <src>}" || exit 2

grep -HnE '^[[:space:]]*#[[:space:]]*include' ./*/*.[ch] | awk '
	function complain(text) {
		print "src/" room "/" file ":" line ": " text
		bad = 1
	}

	# A row is "room: room..." or "<header> room...", where <dir/> stands
	# for all headers below it.
	BEGIN {
		while ((getline row <"LAYERS") > 0) {
			sub(/#.*/, "", row)
			n = split(row, word, /[[:space:]]+/)
			if (!n)
				continue
			if (sub(/:$/, "", word[1])) {
				rooms[word[1]] = 1
				may[word[1], word[1]] = 1
			} else if (word[1] ~ /^</) {
				libraries[word[1]] = 1
			}
			for (i = 2; i <= n; i++)
				may[word[1], word[i]] = 1
		}
	}

	# ./room/file:line:#include ...
	{
		split($0, at, /[\/:]/)
		room = at[2]
		file = at[3]
		line = at[4]
		if (!(room in rooms)) {
			complain("src/LAYERS does not know the room " room)
			next
		}
	}

	/include[[:space:]]*"/ {
		header = $0
		sub(/^[^"]*"/, "", header)
		sub(/".*/, "", header)
		if (header !~ /\//) {
			complain("\"" header "\": write it as room/name.h")
			next
		}
		to = header
		sub(/\/.*/, "", to)
		if (to == "dv")
			next
		if (!(to in rooms))
			complain("\"" header "\": there is no room " to)
		else if (!((room, to) in may))
			complain(room " may not use " to " (\"" header "\")")
	}

	/include[[:space:]]*</ {
		header = $0
		sub(/^[^<]*/, "", header)
		sub(/>.*/, ">", header)
		for (library in libraries) {
			prefix = library
			if (!sub(/\/>$/, "/", prefix))
				prefix = library
			if (index(header, prefix) == 1 &&
			    !((library, room) in may))
				complain(room " may not use " header)
		}
	}

	END { exit bad }'
