#!/bin/sh
# Asks a jeton server for a short-lived credential with the identity that this job or machine has anyway, so that nothing has to be
# stored. Needs nothing but a POSIX shell and curl.
#
# In GitHub Actions (see ../action.yml) the credential is hidden in the log and becomes the output `token`. Elsewhere it is the only
# thing on standard output, to be taken with TOKEN=$(sh jeton.sh); everything for people goes to standard error. A runner of Bitbucket
# starts with three things: eval "$(sh jeton.sh)" sets OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET and RUNNER_UUID.
#
#   JETON_URL             where the server is
#   JETON_WHAT            token (also when left out), runner-token, remove-token, jit-config
#   JETON_AUDIENCE        the audience of the identity; JETON_URL when left out
#   JETON_IDENTITY        github, gitlab, bitbucket, gce, azure, or none for JETON_TOKEN; found out when left out
#   JETON_IDENTITY_TOKEN  gitlab: the variable that `id_tokens` fills
#   JETON_TOKEN           none: a key of jeton's
#   JETON_FORGE JETON_REPOSITORY JETON_ORGANIZATION JETON_GROUP JETON_WORKSPACE JETON_ENTERPRISE JETON_APP JETON_ACCOUNT
#   JETON_PERMISSIONS JETON_MIN_VALIDITY_SECONDS JETON_NAME JETON_LABELS JETON_RUNNER_GROUP_ID
#
# Exit status: 0 it worked; 1 something to change in the job, the request or the policies; 2 the server or the forge failed.
set -eu
umask 077
# The same characters are letters everywhere, and a `*` in an input is no pattern for files.
LC_ALL=C
export LC_ALL
set -f +x

in_actions=no
if [ "${GITHUB_ACTIONS:-}" = true ] && [ -n "${GITHUB_OUTPUT:-}" ]; then in_actions=yes; fi
nl='
'
cr=$(printf '\r')

# A command of the runner ends with its line, and `%` begins an escape in it.
one_line() { printf '%s' "$1" | tr '\000-\037' ' ' | sed 's/%/%25/g'; }

fail() {
    if [ "$in_actions" = yes ]; then
        printf '::error title=jeton::%s\n' "$(one_line "$2")"
    else
        printf 'jeton: %s\n' "$(printf '%s' "$2" | tr '\000-\037' ' ')" >&2
    fi
    exit "$1"
}

# For the log of people; standard output is the token's where there are no outputs.
note() { if [ "$in_actions" = yes ]; then printf '%s\n' "$1"; else printf 'jeton: %s\n' "$1" >&2; fi; }

mask() { if [ "$in_actions" = yes ]; then printf '::add-mask::%s\n' "$1"; fi; }

# Sets $trimmed.
trim() {
    trimmed=${1#"${1%%[! $nl$cr]*}"}
    trimmed=${trimmed%"${trimmed##*[! $nl$cr]}"}
}

# The functions below add to the request in $body. None runs in a subshell, from which `fail` would not end the script.
# Names have none of the characters that JSON would need escapes for, so that what has some is a mistake or an attack.
plain() {
    case $2 in
        *[!A-Za-z0-9._/@:+*=\ -]*) fail 1 "$1 has characters that no name has" ;;
    esac
}

# "key":"value", when there is a value
add_text() {
    trim "$2"
    if [ -n "$trimmed" ]; then
        plain "$1" "$trimmed"
        body="$body,\"$1\":\"$trimmed\""
    fi
}

# "key":1, when there is a value
add_number() {
    trim "$2"
    case $trimmed in
        '') ;;
        *[!0-9]* | ??????????*) fail 1 "$1 is no number of at most nine digits" ;;
        *)
            # JSON knows no zeros in front.
            number=${trimmed#"${trimmed%%[!0]*}"}
            body="$body,\"$1\":${number:-0}"
            ;;
    esac
}

# "key":["a","b"] out of lines and commas
add_list() {
    items=
    IFS=",$nl$cr"
    for item in $2; do
        trim "$item"
        if [ -n "$trimmed" ]; then
            plain "$1" "$trimmed"
            items="$items,\"$trimmed\""
        fi
    done
    unset IFS
    if [ -n "$items" ]; then body="$body,\"$1\":[${items#,}]"; fi
}

# "key":{"a":"b"} out of lines and commas of a=b
add_map() {
    items=
    IFS=",$nl$cr"
    for item in $2; do
        trim "$item"
        if [ -z "$trimmed" ]; then continue; fi
        plain "$1" "$trimmed"
        case $trimmed in
            *=*=* | =* | *=) fail 1 "$1 are written like contents=read, one in each line" ;;
            *=*) items="$items,\"${trimmed%%=*}\":\"${trimmed#*=}\"" ;;
            *) fail 1 "$1 are written like contents=read, one in each line" ;;
        esac
    done
    unset IFS
    if [ -n "$items" ]; then body="$body,\"$1\":{${items#,}}"; fi
}

# The first text of this name in a JSON answer on standard input. Tokens, times and addresses have no escapes in them; words to people may.
field() {
    tr -d '\r\n' | awk -v name="$1" '{
        if (!match($0, "\"" name "\"[ \t]*:[ \t]*\"([^\"\\\\]|\\\\.)*\"")) exit
        text = substr($0, RSTART, RLENGTH)
        sub(/^"[^"]*"[ \t]*:[ \t]*"/, "", text)
        sub(/"$/, "", text)
        gsub(/\\[nrt]/, " ", text)
        gsub(/\\"/, "\"", text)
        print text
    }'
}
of() { printf '%s' "$2" | field "$1"; }

# Whether an address is this machine's own.
is_here() {
    case $1 in *@*) return 1 ;; esac
    case ${1#http*://} in
        127.0.0.1 | 127.0.0.1[:/]* | localhost | localhost[:/]* | '[::1]' | '[::1]'[:/]*) return 0 ;;
    esac
    return 1
}

# curl to the address $2, with what opens something on its standard input, where no process list shows it: $1 is that header. `-q` comes
# first, so that no .curlrc has it log the header or send it elsewhere. Proxies of the environment are for other machines than this one.
ask() {
    secret_header=$1
    address=$2
    shift 2
    if is_here "$address"; then set -- --noproxy '*' "$@"; fi
    printf 'header = "%s"\n' "$secret_header" |
        curl -q --config - --silent --show-error --globoff --connect-timeout 10 --max-time 90 --user-agent jeton-action "$@" --url "$address"
}

# curl to the metadata service of this machine, which no proxy may see or answer for: $1 is the header that it wants, $2 the address.
ask_metadata() {
    wanted_header=$1
    address=$2
    shift 2
    curl -q --noproxy '*' --silent --show-error --fail --max-time 10 --header "$wanted_header" --get "$@" --url "$address"
}

# Asks up to $1 times, as `ask`. Sets $code (000 when nothing came) and $answer.
ask_patiently() {
    tries=$1
    shift
    while :; do
        tries=$((tries - 1))
        answer=$(ask "$@" --write-out '\n%{http_code}') || answer=000
        code=${answer##*"$nl"}
        case $code in
            000 | 429 | 5??) if [ "$tries" -gt 0 ]; then sleep 2; continue; fi ;;
        esac
        case $answer in
            *"$nl"*) answer=${answer%"$nl"*} ;;
            *) answer= ;;
        esac
        return
    done
}

trim "${JETON_URL:-}"
url=${trimmed%/}
case $url in
    https://*) ;;
    http://*) is_here "$url" || fail 1 "url (JETON_URL) begins with https://: over plain http everybody on the way could read the token" ;;
    '') fail 1 "it is not said where the jeton server is: set url (JETON_URL)" ;;
    *) fail 1 "url (JETON_URL) begins with https://: over plain http everybody on the way could read the token" ;;
esac
case $url in *[!]A-Za-z0-9._/:%~[-]*) fail 1 "url (JETON_URL) has characters that no address of a server has" ;; esac
trim "${JETON_AUDIENCE:-}"
audience=${trimmed:-$url}
case $audience in *[!]A-Za-z0-9._/:~@+=[-]*) fail 1 "audience (JETON_AUDIENCE) has characters that no audience has" ;; esac

identity=${JETON_IDENTITY:-}
if [ -z "$identity" ]; then
    if [ -n "${JETON_IDENTITY_TOKEN:-}" ]; then identity=gitlab
    elif [ "${GITHUB_ACTIONS:-}" = true ]; then identity=github
    elif [ "${GITLAB_CI:-}" = true ]; then identity=gitlab
    elif [ -n "${BITBUCKET_BUILD_NUMBER:-}" ]; then identity=bitbucket
    elif [ -n "${JETON_TOKEN:-}" ]; then identity=none
    else fail 1 "it is not known who asks: set JETON_IDENTITY to gce or azure on such a machine, or JETON_TOKEN"
    fi
fi

# What is wrong with the request is said before anybody is asked.
body=
forge=${JETON_FORGE:-}
if [ -z "$forge" ]; then
    case $identity in
        github) forge=${GITHUB_SERVER_URL:-} ;;
        gitlab) forge=${CI_SERVER_URL:-} ;;
        bitbucket) forge=bitbucket.org ;;
    esac
    forge=${forge#*://}
    forge=${forge%%/*}
fi
repository=${JETON_REPOSITORY:-}
where=${JETON_ORGANIZATION:-}${JETON_GROUP:-}${JETON_WORKSPACE:-}${JETON_ENTERPRISE:-}
if [ -z "$repository$where" ]; then
    repository=${GITHUB_REPOSITORY:-${CI_PROJECT_PATH:-${BITBUCKET_REPO_FULL_NAME:-}}}
    [ -n "$repository" ] || fail 1 "it is not said for which repository: set repository (JETON_REPOSITORY)"
fi
add_text forge "$forge"
add_text app "${JETON_APP:-}"
add_text account "${JETON_ACCOUNT:-}"

add_scope() {
    add_text repository "$repository"
    add_text organization "${JETON_ORGANIZATION:-}"
    add_text group "${JETON_GROUP:-}"
    add_text workspace "${JETON_WORKSPACE:-}"
    add_text enterprise "${JETON_ENTERPRISE:-}"
}

tries=3
name=token
case ${JETON_WHAT:-token} in
    token)
        [ -z "$where" ] || fail 1 "a token is for repositories: name them"
        path=v1/tokens
        add_list repositories "$repository"
        add_map permissions "${JETON_PERMISSIONS:-}"
        add_number min_validity_seconds "${JETON_MIN_VALIDITY_SECONDS:-}"
        ;;
    runner-token)
        path=v1/runners/registration-token
        add_scope
        add_text name "${JETON_NAME:-}"
        add_list labels "${JETON_LABELS:-}"
        add_number min_validity_seconds "${JETON_MIN_VALIDITY_SECONDS:-}"
        ;;
    remove-token)
        path=v1/runners/remove-token
        add_scope
        add_number min_validity_seconds "${JETON_MIN_VALIDITY_SECONDS:-}"
        ;;
    jit-config)
        path=v1/runners/jit-config
        name=encoded_jit_config
        # A second try could find the name taken by the first.
        tries=1
        add_scope
        [ -n "${JETON_NAME:-}" ] || fail 1 "a runner for a single job needs a name of its own: set name (JETON_NAME)"
        [ -n "${JETON_LABELS:-}" ] || fail 1 "a runner for a single job needs labels: set labels (JETON_LABELS)"
        add_text name "$JETON_NAME"
        add_number runner_group_id "${JETON_RUNNER_GROUP_ID:-}"
        add_list labels "$JETON_LABELS"
        ;;
    *) fail 1 "what (JETON_WHAT) is token, runner-token, remove-token or jit-config" ;;
esac
body={${body#,}}

case $identity in
    github)
        if [ -z "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || [ -z "${ACTIONS_ID_TOKEN_REQUEST_TOKEN:-}" ]; then
            fail 1 "this job has no identity: give it \`permissions: id-token: write\` in the workflow. A job of a pull request from a fork never has one"
        fi
        case $ACTIONS_ID_TOKEN_REQUEST_TOKEN in *[!A-Za-z0-9._~+/=-]*) fail 2 "ACTIONS_ID_TOKEN_REQUEST_TOKEN is no token" ;; esac
        case $ACTIONS_ID_TOKEN_REQUEST_URL in
            https://*) ;;
            http://*) is_here "$ACTIONS_ID_TOKEN_REQUEST_URL" || fail 2 "ACTIONS_ID_TOKEN_REQUEST_URL is no https address: nothing was sent there" ;;
            *) fail 2 "ACTIONS_ID_TOKEN_REQUEST_URL is no https address: nothing was sent there" ;;
        esac
        ask_patiently 3 "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL" \
            --get --data-urlencode "audience=$audience"
        case $code in 2??) ;; *) fail 2 "GitHub did not give this job its identity (HTTP $code)" ;; esac
        key=$(of value "$answer")
        ;;
    gitlab)
        key=${JETON_IDENTITY_TOKEN:-}
        [ -n "$key" ] || fail 1 "this job has no identity: give it \`id_tokens: {JETON_IDENTITY_TOKEN: {aud: $audience}}\`"
        ;;
    bitbucket)
        key=${BITBUCKET_STEP_OIDC_TOKEN:-}
        [ -n "$key" ] || fail 1 "this step has no identity: give it \`oidc: true\`, or \`oidc: {audiences: [$audience]}\`"
        ;;
    gce)
        key=$(ask_metadata 'Metadata-Flavor: Google' \
            http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity \
            --data-urlencode "audience=$audience" --data format=full) ||
            fail 2 "the metadata server of Google Cloud does not answer"
        ;;
    azure)
        answer=$(ask_metadata 'Metadata: true' http://169.254.169.254/metadata/identity/oauth2/token \
            --data-urlencode "resource=$audience" --data api-version=2018-02-01) ||
            fail 2 "the metadata server of Azure does not answer, or this machine has no managed identity"
        key=$(of access_token "$answer")
        ;;
    none)
        key=${JETON_TOKEN:-}
        [ -n "$key" ] || fail 1 "JETON_TOKEN is not set"
        ;;
    *) fail 1 "JETON_IDENTITY is github, gitlab, bitbucket, gce, azure or none" ;;
esac
answer=
case $key in '' | *[!A-Za-z0-9._-]*) fail 2 "what was given for this job's identity is no token" ;; esac
mask "$key"

ask_patiently "$tries" "Authorization: Bearer $key" "$url/$path" --header 'Content-Type: application/json' --data "$body"
key=

case $code in
    2??) ;;
    000) fail 2 "the jeton server at $url cannot be reached" ;;
    *)
        detail=$(of detail "$answer")
        told="${detail:-"$url answered HTTP $code, and not as jeton does"} $(of remedy "$answer")"
        problem=$(of code "$answer")
        [ -z "$problem" ] || told="$told ($problem in request $(of request_id "$answer"))"
        case $code in 429 | 5??) fail 2 "$told" ;; *) fail 1 "$told" ;; esac
        ;;
esac

token=$(of "$name" "$answer")
case $token in '' | *[!A-Za-z0-9._=/+~-]*) fail 2 "the server's answer holds no token" ;; esac
mask "$token"
expires=$(of expires_at "$answer")
# Of a runner that jeton made.
client=$(of client_id "$answer")
runner=$(of forge_id "$answer")
case $client$runner in *[!A-Za-z0-9._{}-]*) fail 2 "the server's answer holds no ids of a runner" ;; esac
if [ "$in_actions" = yes ]; then
    {
        printf 'token=%s\n' "$token"
        printf 'expires-at=%s\n' "$expires"
        printf 'url=%s\n' "$(of url "$answer")"
        printf 'client-id=%s\n' "$client"
        printf 'runner-id=%s\n' "$runner"
    } >>"$GITHUB_OUTPUT"
elif [ "$(of token_kind "$answer")" = oauth_client ]; then
    if [ -z "$client" ] || [ -z "$runner" ]; then fail 2 "the server's answer holds no ids of a runner"; fi
    # None of them has a quote in it.
    printf "OAUTH_CLIENT_ID='%s'\nOAUTH_CLIENT_SECRET='%s'\nRUNNER_UUID='%s'\n" "$client" "$token" "$runner"
else
    printf '%s\n' "$token"
fi
note "$(one_line "${JETON_WHAT:-token} from $(of source "$answer")${expires:+ until $expires}")"
