"""An OpenID provider on Authlib and Flask, as Debian packages them, for the tests.

Its settings come as JSON in the environment. The protocol is Authlib's; here is only what it asks
its users to write: who may sign in, what is stored, and the pages.
"""

import html
import json
import os
import threading
import time

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.common.security import generate_token
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.jose import JsonWebKey
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode, UserInfo
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

SETTINGS = json.loads(os.environ["SETTINGS"])
ISSUER = f"http://127.0.0.1:{SETTINGS['port']}"
SCOPES = ["openid", "offline_access", "email", "mail"]
METHODS = ["client_secret_basic", "client_secret_post"]
CODE_SECONDS = 60
# For Authlib a user who has not signed in cannot be asked for consent; here both is one page.
SOMEBODY = "somebody"

KEY = JsonWebKey.generate_key("RSA", 2048, {"kid": generate_token(8), "use": "sig"}, is_private=True)
CODES = {}
TOKENS = []
# One request after the other: what is stored is a list.
ONE_AT_A_TIME = threading.Lock()


class Client(ClientMixin):
    def __init__(self, id, secret, method, redirect_uris):
        self.client_id = id
        self.secret = secret
        self.method = method
        self.redirect_uris = redirect_uris

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return " ".join(one for one in (scope or "").split() if one in SCOPES)

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, secret):
        return secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method or endpoint != "token"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("authorization_code", "refresh_token")


class Code(AuthorizationCodeMixin):
    def __init__(self, code, user, request):
        self.code = code
        self.user = user
        self.client_id = request.client.client_id
        self.redirect_uri = request.redirect_uri
        self.scope = request.scope
        self.nonce = request.data.get("nonce")
        self.code_challenge = request.data.get("code_challenge")
        self.code_challenge_method = request.data.get("code_challenge_method")
        self.auth_time = int(time.time())

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return self.auth_time


class Token(TokenMixin):
    """An access token with its refresh token. All that came from one sign-in are a family."""

    def __init__(self, fields, client_id, user, family):
        self.fields = fields
        self.client_id = client_id
        self.user = user
        self.family = family
        self.issued = int(time.time())
        self.spent = False
        self.revoked = False

    def check_client(self, client):
        return self.client_id == client.client_id

    def get_scope(self):
        return self.fields["scope"]

    def get_expires_in(self):
        return self.fields["expires_in"]

    def is_expired(self):
        return self.issued + self.fields["expires_in"] < time.time()

    def is_revoked(self):
        return self.revoked

    def end_family(self):
        for token in TOKENS:
            if token.family == self.family:
                token.revoked = True


def find(text, kinds=("access_token", "refresh_token")):
    for token in TOKENS:
        if any(token.fields.get(kind) == text for kind in kinds):
            return token
    return None


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def save_authorization_code(self, code, request):
        CODES[code] = Code(code, request.user, request)

    def query_authorization_code(self, code, client):
        found = CODES.get(code)
        if found and found.client_id == client.client_id:
            return found if found.auth_time + CODE_SECONDS > time.time() else None
        return None

    def delete_authorization_code(self, authorization_code):
        del CODES[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return authorization_code.user


class RefreshTokenGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        token = find(refresh_token, ("refresh_token",))
        if token and token.spent:
            token.end_family()
        return None if token is None or token.revoked else token

    def authenticate_user(self, credential):
        return credential.user

    def revoke_old_credential(self, credential):
        credential.spent = True


class OpenID(OpenIDCode):
    def exists_nonce(self, nonce, request):
        return False

    def get_jwt_config(self, grant):
        return {"key": KEY, "alg": "RS256", "iss": ISSUER, "exp": 3600}

    def generate_user_info(self, user, scope):
        return UserInfo(sub=user, email=user)


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string, token_type_hint):
        return find(token_string)

    def revoke_token(self, token, request):
        token.end_family()


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string, token_type_hint):
        return find(token_string)

    def check_permission(self, token, client, request):
        return True

    def introspect_token(self, token):
        return {
            "active": True,
            "client_id": token.client_id,
            "username": token.user,
            "sub": token.user,
            "scope": token.get_scope(),
            "iss": ISSUER,
            "exp": token.issued + token.get_expires_in(),
        }


CLIENTS = {client["id"]: Client(**client) for client in SETTINGS["clients"]}


def save_token(fields, request):
    old = request.credential
    family = old.family if isinstance(old, Token) else generate_token(16)
    TOKENS.append(Token(dict(fields), request.client.client_id, request.user, family))


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"authorization_code": SETTINGS["accessTokenSeconds"]}
server = AuthorizationServer(app, CLIENTS.get, save_token)
server.register_grant(AuthorizationCodeGrant, [CodeChallenge(required=True), OpenID()])
server.register_grant(RefreshTokenGrant)
server.register_endpoint(Revocation)
server.register_endpoint(Introspection)


@app.get("/.well-known/openid-configuration")
def discovery():
    return jsonify(
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/authorize",
        token_endpoint=f"{ISSUER}/token",
        revocation_endpoint=f"{ISSUER}/revoke",
        introspection_endpoint=f"{ISSUER}/introspect",
        jwks_uri=f"{ISSUER}/jwks",
        response_types_supported=["code"],
        grant_types_supported=["authorization_code", "refresh_token"],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["RS256"],
        token_endpoint_auth_methods_supported=METHODS,
        code_challenge_methods_supported=["S256"],
        scopes_supported=SCOPES,
        authorization_response_iss_parameter_supported=True,
    )


@app.get("/jwks")
def jwks():
    return jsonify(keys=[KEY.as_dict(is_private=False)])


@app.get("/authorize")
def sign_in():
    try:
        server.get_consent_grant(end_user=SOMEBODY)
    except OAuth2Error as error:
        return f"<p id=\"message\">{html.escape(str(error))}</p>", 400
    action = html.escape(request.full_path)
    return (
        f'<form method="post" action="{action}"><input name="login">'
        '<button id="allow" name="decision" value="allow">Sign in and allow</button>'
        '<button id="deny" name="decision" value="deny">Deny</button></form>'
    )


@app.post("/authorize")
def decide():
    user = request.form["login"] if request.form["decision"] == "allow" else None
    response = server.create_authorization_response(grant_user=user)
    if response.location:
        # RFC 9207, which this version of Authlib does not know.
        response.location += f"&iss={ISSUER}"
    return response


@app.post("/token")
def token():
    with ONE_AT_A_TIME:
        return server.create_token_response()


@app.post("/revoke")
def revoke():
    with ONE_AT_A_TIME:
        return server.create_endpoint_response(Revocation.ENDPOINT_NAME)


@app.post("/introspect")
def introspect():
    return server.create_endpoint_response(Introspection.ENDPOINT_NAME)


http = make_server("127.0.0.1", SETTINGS["port"], app, threaded=True)
print("up", flush=True)
http.serve_forever()
