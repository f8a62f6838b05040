namespace Broker.Storage.Postgres;

/// <summary>A message that a channel keeps a copy of.</summary>
internal sealed record KeptMessage(long Offset, byte[] Record);
