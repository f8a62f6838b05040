using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>How what nodes say is read.</summary>
[JsonSerializable(typeof(LookupAnswers))]
[JsonSerializable(typeof(LookupProducer))]
[JsonSerializable(typeof(NodeStats))]
[JsonSerializable(typeof(TlsRequired))]
internal sealed partial class ClusterJson : JsonSerializerContext;
