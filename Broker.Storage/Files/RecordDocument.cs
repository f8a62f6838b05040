using System.Text.Json;
using System.Text.Json.Serialization;
using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>What a topic's record file contains.</summary>
internal sealed record RecordDocument
{
    private const ulong Magic = 0x00434552_504F5442; // "BTOPREC"
    private const int Version = 1;

    public required int Generation { get; init; }

    public required TopicRecord Record { get; init; }

    /// <summary>Reads a topic's record file; null when there is none.</summary>
    public static RecordDocument? Read(IStorageFiles files, string path)
    {
        byte[]? content = SealedFile.Read(files, path, Magic, Version);
        if (content is null)
            return null;
        try
        {
            return JsonSerializer.Deserialize(content, RecordDocumentJson.Default.RecordDocument)
                ?? throw new StoreException($"{path} is damaged: it is empty");
        }
        catch (JsonException e)
        {
            throw new StoreException($"{path} is damaged: {e.Message}", e);
        }
    }

    /// <summary>Replaces a topic's record file, durably.</summary>
    public void Write(IStorageFiles files, string path) =>
        SealedFile.Write(files, path, Magic, Version, JsonSerializer.SerializeToUtf8Bytes(this, RecordDocumentJson.Default.RecordDocument));
}

/// <summary>Source-generated JSON of <see cref="RecordDocument"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RecordDocument))]
internal sealed partial class RecordDocumentJson : JsonSerializerContext;
