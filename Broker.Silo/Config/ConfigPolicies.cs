using System.Text.Json.Nodes;
using Broker.Silo.Settings;
using Tomlyn;
using Tomlyn.Model;

namespace Broker.Silo.Config;

/// <summary>Reads the <c>[[policy]]</c> tables of a config file.</summary>
internal static class ConfigPolicies
{
    private const string Topics = "topics";
    private const string How = "write [[policy]], below it topics = \"orders.*\", and below that what holds for them";

    /// <summary>The key that they stand under.</summary>
    public const string Key = "policy";

    /// <summary>Whether a key belongs to a policy.</summary>
    public static bool Has(string key) => key == Key || key.StartsWith($"{Key}.", StringComparison.Ordinal);

    /// <summary>Reads them in the file's order.</summary>
    /// <param name="path">The file's path, for messages.</param>
    /// <param name="text">The file, which is TOML.</param>
    /// <param name="lines">On which line each begins.</param>
    /// <exception cref="SettingsException">One is no policy; the message names its line.</exception>
    public static IReadOnlyList<ConfigPolicy> Read(string path, string text, IReadOnlyList<int> lines)
    {
        if (TomlSerializer.Deserialize<TomlTable>(text)?[Key] is not TomlTableArray tables || tables.Count != lines.Count)
            throw new SettingsException($"{path}:{lines[0]}: {Key}: is no list of tables; {How}");
        return [.. tables.Select((table, i) => Read($"{path}:{lines[i]}: {Key}", table, lines[i]))];
    }

    private static ConfigPolicy Read(string origin, TomlTable table, int line)
    {
        string[] topics = table.TryGetValue(Topics, out object? named) ? NamesOf(named) : [];
        if (topics.Length == 0)
            throw new SettingsException($"{origin}: names no topics; {How}");
        if (Array.Find(topics, static topic => !IsPattern(topic)) is { } wrong)
            throw new SettingsException($"{origin}: \"{wrong}\" is no pattern of topics; it has letters, digits, '.', '_', '-', and '*' for any characters");
        table.Remove(Topics);
        return new ConfigPolicy(line, topics, NodeOf(table).ToJsonString());
    }

    private static string[] NamesOf(object? value) => value switch
    {
        string name => [name],
        TomlArray names when names.All(static name => name is string) => [.. names.OfType<string>()],
        _ => [],
    };

    private static bool IsPattern(string text) =>
        text.Length > 0 && text.Replace("#ephemeral", "", StringComparison.Ordinal).All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '*');

    // What JSON has no word for becomes a text, which no policy takes.
    private static JsonNode NodeOf(object? value) => value switch
    {
        TomlTable table => new JsonObject(table.Select(static entry => KeyValuePair.Create(entry.Key, (JsonNode?)NodeOf(entry.Value)))),
        bool boolean => JsonValue.Create(boolean),
        long number => JsonValue.Create(number),
        double number when double.IsFinite(number) => JsonValue.Create(number),
        IEnumerable<object?> items => new JsonArray([.. items.Select(NodeOf)]),
        _ => JsonValue.Create(value?.ToString() ?? ""),
    };
}
