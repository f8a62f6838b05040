using System.Globalization;
using Broker.Silo.Settings;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Broker.Silo.Config;

/// <summary>A config file of nsqd: keys at the top of a file in TOML; and policies, which are ours.</summary>
public sealed class ConfigFile
{
    private ConfigFile(string path, IReadOnlyList<ConfigValue> values, IReadOnlyList<ConfigPolicy> policies)
    {
        Path = path;
        Values = values;
        Policies = policies;
    }

    /// <summary>Its path as the operator wrote it.</summary>
    public string Path { get; }

    /// <summary>Its values in the file's order. What stands in a [table] is not among them, as nsqd has none, but the table is.</summary>
    public IReadOnlyList<ConfigValue> Values { get; }

    /// <summary>Its policies in the file's order.</summary>
    public IReadOnlyList<ConfigPolicy> Policies { get; }

    /// <exception cref="SettingsException">The file cannot be read or is no TOML; the message names the line.</exception>
    public static ConfigFile Read(string path, string origin)
    {
        try
        {
            return Parse(path, File.ReadAllText(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SettingsException($"{origin}: {path} does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{origin}: {path} cannot be read: is it a file, and may this user read it?");
        }
    }

    /// <exception cref="SettingsException">It is no TOML; the message names the line.</exception>
    public static ConfigFile Parse(string path, string text)
    {
        DocumentSyntax document = SyntaxParser.Parse(text, path);
        foreach (DiagnosticMessage message in document.Diagnostics)
        {
            if (message.Kind == DiagnosticMessageKind.Error)
                throw new SettingsException($"{path}:{LineOf(message.Span)}: {message.Message}");
        }
        IEnumerable<ConfigValue> values = document.KeyValues.Select(pair => new ConfigValue(NameOf(pair.Key!), LineOf(pair.Key!.Span), ItemsOf(pair.Value)));
        IEnumerable<ConfigValue> tables = document.Tables.Select(table => new ConfigValue(NameOf(table.Name!), LineOf(table.Name!.Span), null));
        ILookup<bool, ConfigValue> all = values.Concat(tables).ToLookup(value => ConfigPolicies.Has(value.Key));
        return new ConfigFile(path, [.. all[false]], all[true].Any() ? ConfigPolicies.Read(path, text, LinesOf(document, all[true])) : []);
    }

    // A policy that is written in another way than as a table of its own has the line of whatever is written first.
    private static int[] LinesOf(DocumentSyntax document, IEnumerable<ConfigValue> policies)
    {
        int[] lines = [.. document.Tables.OfType<TableArraySyntax>().Where(table => NameOf(table.Name!) == ConfigPolicies.Key).Select(table => LineOf(table.Name!.Span))];
        return lines.Length > 0 ? lines : [policies.First().Line];
    }

    private static int LineOf(SourceSpan span) => span.Start.Line + 1;

    private static string NameOf(KeySyntax key) =>
        key.Key is StringValueSyntax { Value: { } name } && key.DotKeys.ChildrenCount == 0 ? name : key.ToString().Trim();

    private static ConfigItem[]? ItemsOf(ValueSyntax? value)
    {
        ConfigItem?[] items = value is ArraySyntax array ? [.. array.Items.Select(item => ItemOf(item.Value))] : [ItemOf(value)];
        return items.Contains(null) ? null : [.. items.OfType<ConfigItem>()];
    }

    private static ConfigItem? ItemOf(ValueSyntax? value) => value switch
    {
        StringValueSyntax text => new ConfigItem(text.Value ?? "", IsInteger: false),
        IntegerValueSyntax number => new ConfigItem(number.Value.ToString(CultureInfo.InvariantCulture), IsInteger: true),
        FloatValueSyntax number => new ConfigItem(number.Value.ToString("R", CultureInfo.InvariantCulture), IsInteger: false),
        BooleanValueSyntax boolean => new ConfigItem(boolean.Value ? "true" : "false", IsInteger: false),
        _ => null,
    };
}
