using System.Text.Json.Serialization;

namespace Broker.Bench.Scale;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ScaleReport))]
internal sealed partial class ScaleJson : JsonSerializerContext;
