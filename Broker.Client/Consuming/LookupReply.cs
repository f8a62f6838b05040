namespace Broker.Client;

/// <summary>A lookup service's answer, bare or wrapped.</summary>
internal sealed record LookupReply(IReadOnlyList<LookupProducer>? Producers, LookupReply? Data);
