using System.Text.Json.Serialization;

namespace Broker.Lookup.Documents;

[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LookupVersion))]
[JsonSerializable(typeof(TopicList))]
[JsonSerializable(typeof(ChannelList))]
[JsonSerializable(typeof(TopicProducers))]
[JsonSerializable(typeof(NodeList))]
[JsonSerializable(typeof(SortedDictionary<string, List<RegistrationDetail>>))]
internal sealed partial class LookupJson : JsonSerializerContext;
