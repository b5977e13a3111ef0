"""Whether the keys and secrets that were given are enough, and fit together (behaviour 16, 18). PURE.

No check quotes a credential.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.settings.flags import CREDENTIALS, OCO_CREDENTIALS, TRADE_CREDENTIALS, env_of, file_env_of, flag_of

if TYPE_CHECKING:
    from tg1.settings.fields import GridOcoFields


def check_credentials(config: GridOcoFields) -> None:
    """Raise `ConfigError` naming what is missing to trade, or contradicts itself; never quotes a value."""
    if config.paper:
        return
    if config.zerodha_config is None:
        raise ConfigError("--zerodha-config is missing: give it or TG1_ZERODHA_CONFIG, for prices come from Zerodha.")
    demand(config, CREDENTIALS if config.has_oco else TRADE_CREDENTIALS)
    check_pairs(config)


def check_pairs(config: GridOcoFields) -> None:
    """Raise `ConfigError` for a key without its secret, a secret without its key, or one key with two secrets."""
    secrets: dict[str, str] = {}
    for key_name, secret_name in (TRADE_CREDENTIALS, OCO_CREDENTIALS[:2], OCO_CREDENTIALS[2:]):
        key, secret = getattr(config, key_name), getattr(config, secret_name)
        if bool(key) != bool(secret):
            have, lack = (key_name, secret_name) if key else (secret_name, key_name)
            raise ConfigError(f"{flag_of(have)} is given without {flag_of(lack)} ({env_of(lack)}).")
        if key and secrets.setdefault(key, secret) != secret:
            raise ConfigError(f"{flag_of(key_name)} is the same key as another account's, but the secrets differ.")


def demand(config: GridOcoFields, names: tuple[str, ...]) -> None:
    """Raise `ConfigError` naming the first of these credentials that is missing, with every place to give it."""
    missing = [name for name in names if not getattr(config, name)]
    if missing:
        name = missing[0]
        more = f" ({len(missing) - 1} more missing)" if missing[1:] else ""
        raise ConfigError(f"{flag_of(name)} is missing: give it, {env_of(name)} or {file_env_of(name)}{more}.")
