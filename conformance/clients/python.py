"""The official Python SDK, driven by JSON lines as program.ts says."""

import json
import sys
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

settings = json.loads(sys.argv[1])


def say(line: dict[str, str]) -> None:
    print(json.dumps(line), flush=True)


async def next_line() -> dict[str, object] | None:
    line = await anyio.to_thread.run_sync(sys.stdin.readline)
    return json.loads(line) if line else None


class Storage:
    """Keeps what the SDK wants to be kept, as long as this process runs."""

    tokens: OAuthToken | None = None
    client_info: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client_info

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client_info = client_info


async def redirect(url: str) -> None:
    say({"authorize": url})


async def callback() -> AuthorizationCodeResult:
    redirected = (await next_line() or {}).get("redirected")
    if not isinstance(redirected, str):
        raise RuntimeError("the person was shown a page")
    query = {name: values[0] for name, values in parse_qs(urlsplit(redirected).query).items()}
    if "code" not in query:
        raise RuntimeError(f"no code: {query.get('error')}")
    return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))


def provider() -> httpx2.Auth:
    url, machine = settings["url"], settings.get("machine")
    if machine is None:
        metadata = OAuthClientMetadata.model_validate(settings["metadata"])
        return OAuthClientProvider(
            server_url=url,
            client_metadata=metadata,
            storage=Storage(),
            redirect_handler=redirect,
            callback_handler=callback,
            client_metadata_url=settings.get("documentUrl"),
        )
    client_id, issuer = machine["id"], machine["issuer"]
    if "secret" in machine:
        return ClientCredentialsOAuthProvider(
            server_url=url,
            storage=Storage(),
            client_id=client_id,
            client_secret=machine["secret"],
            issuer=issuer,
        )
    signed = SignedJWTParameters(
        issuer=client_id,
        subject=client_id,
        signing_key=machine["privateKey"],
        signing_algorithm=machine["algorithm"],
    )
    return PrivateKeyJWTOAuthProvider(
        server_url=url,
        storage=Storage(),
        client_id=client_id,
        assertion_provider=signed.create_assertion_provider(),
        issuer=issuer,
    )


async def call(auth: httpx2.Auth, tool: str, arguments: dict[str, object]) -> str:
    async with httpx2.AsyncClient(auth=auth, timeout=20) as http:
        async with Client(streamable_http_client(settings["url"], http_client=http)) as client:
            result = await client.call_tool(tool, arguments)
    return "".join(part.text for part in result.content)


def reasons(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(reasons(one) for one in error.exceptions)
    return f"{type(error).__name__}: {error}"


async def main() -> None:
    auth = provider()
    while (line := await next_line()) is not None:
        try:
            say({"text": await call(auth, line["tool"], line["arguments"])})
        except Exception as error:
            say({"refused": reasons(error)})


anyio.run(main)
