namespace Broker.Client;

/// <summary>A server that has the topic.</summary>
internal sealed record LookupProducer(string BroadcastAddress, int TcpPort);
