"""The paper exchange: a matching core that speaks the brokers' wires (behaviour 17)."""
