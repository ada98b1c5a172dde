# Sourced by what tries a running Praxis. What `running` lists ends with whoever sources this, the last first.

# no setting of whoever runs this reaches the server
unset "${!PRAXIS_@}"
export LC_ALL=C
running=()

fail() {
    echo "error: $*" >&2
    exit 1
}

# what is left when something failed: whatever became of it, that is told already
stop_running() {
    local at
    for ((at = ${#running[@]} - 1; at >= 0; at--)); do
        kill "${running[at]}" 2>/dev/null || true
        wait "${running[at]}" || true
    done
}
trap stop_running EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# `start_server PROGRAM LOG [SETTINGS…]` leaves its address in `url`
start_server() {
    local program=$1 log=$2
    shift 2
    "$program" serve --listen 127.0.0.1:0 --rate-limit off "$@" &>"$log" &
    running+=($!)
    # port 0 picks a free one, and the server says which
    for _ in {1..300}; do
        url=$(grep -Eo -m 1 'http://127\.0\.0\.1:[0-9]+' "$log" || true)
        [[ -z $url ]] && kill -0 $! 2>/dev/null || break
        sleep 0.2
    done
    [[ -n $url ]] || fail "the server does not start:"$'\n'"$(cat "$log")"
}
