using System.Text.Json.Serialization;

namespace Broker.Serving.Http.Replies;

/// <summary>How what all sites have in common is written.</summary>
[JsonSerializable(typeof(V1Message))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(double[]))]
internal sealed partial class V1Json : JsonSerializerContext;
