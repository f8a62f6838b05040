using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Storage.Files.Nsqd;

/// <summary>nsqd's list of its topics and channels, <c>nsqd.dat</c> (spec 2.7).</summary>
internal sealed record NsqdMetadata
{
    public const string FileName = "nsqd.dat";

    public IReadOnlyList<NsqdTopic>? Topics { get; init; }

    /// <summary>Reads the list.</summary>
    /// <exception cref="JsonException">It is no such list.</exception>
    public static NsqdMetadata Parse(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, NsqdMetadataJson.Default.NsqdMetadata) ?? new NsqdMetadata();
}

/// <summary>A topic in nsqd's list.</summary>
internal sealed record NsqdTopic(string? Name, bool Paused, IReadOnlyList<NsqdChannel>? Channels);

/// <summary>A channel in nsqd's list.</summary>
internal sealed record NsqdChannel(string? Name, bool Paused);

/// <summary>Source-generated JSON of <see cref="NsqdMetadata"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NsqdMetadata))]
internal sealed partial class NsqdMetadataJson : JsonSerializerContext;
