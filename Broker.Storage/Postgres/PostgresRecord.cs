using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Storage.Postgres;

/// <summary>A topic's record as it is stored.</summary>
internal static class PostgresRecord
{
    /// <summary>Version of the format.</summary>
    public const int Version = 1;

    public static string Write(TopicRecord record) => JsonSerializer.Serialize(record, PostgresRecordJson.Default.TopicRecord);

    /// <exception cref="StoreException">A newer version wrote it, or it is damaged.</exception>
    public static TopicRecord Read(string topic, int version, string json)
    {
        if (version > Version)
            throw new StoreException($"the record of topic {topic} has format version {version}, which is newer than {Version}, the newest that this version reads");
        try
        {
            return JsonSerializer.Deserialize(json, PostgresRecordJson.Default.TopicRecord)
                ?? throw new StoreException($"the record of topic {topic} is damaged: it is empty");
        }
        catch (JsonException e)
        {
            throw new StoreException($"the record of topic {topic} is damaged: {e.Message}", e);
        }
    }
}

/// <summary>Source-generated JSON of <see cref="TopicRecord"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TopicRecord))]
internal sealed partial class PostgresRecordJson : JsonSerializerContext;
