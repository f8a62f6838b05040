using System.Text.Json.Serialization;

namespace Broker.Bench.Guard;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(SortedDictionary<string, GuardedFigure>))]
internal sealed partial class GuardJson : JsonSerializerContext;
