using System.Text.Json.Serialization;

namespace Broker.Bench.Versus.Reports;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VersusReport))]
internal sealed partial class VersusJson : JsonSerializerContext;
