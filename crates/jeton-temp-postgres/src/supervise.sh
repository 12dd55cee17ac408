# Ends a server when its last user is gone, by waiting for the lock that each of them holds.
#   $1 the lock of the users   $2 seconds to wait for a next user   $3 a directory, or the note whose third line names it
exec 9<"$1" || exit 1
while :; do
    flock -x 9
    [ "$2" = 0 ] && break
    # Between two tests of a run there may be nobody for a moment.
    flock -u 9
    sleep "$2"
    flock -n -x 9 && break
done
directory=$3
if [ -f "$3" ]; then
    directory=$(sed -n 3p "$3")
    rm -f "$3"
fi
if read -r pid <"$directory/data/postmaster.pid" && [ "$pid" -gt 1 ]; then
    kill -QUIT "$pid"
    tries=0
    while kill -0 "$pid" && [ "$tries" -lt 50 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
fi
case "$directory" in
*/jeton-pg-*) rm -rf "$directory" ;;
esac
