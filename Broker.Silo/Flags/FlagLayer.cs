using System.Collections;
using Broker.Silo.Config;
using Broker.Silo.Settings;

namespace Broker.Silo.Flags;

/// <summary>What one source says: the command line, the environment, or the config file.</summary>
public sealed class FlagLayer
{
    private readonly Dictionary<string, FlagValue> _values = [];

    /// <summary>What is said about a flag, be it by another name of it; null when nothing is.</summary>
    public FlagValue? Find(Flag flag, FlagCatalogue catalogue)
    {
        if (_values.TryGetValue(flag.Name, out FlagValue? value)) return value;
        foreach (Flag other in catalogue.Flags.Where(other => other.Alias?.Flag == flag.Name))
        {
            if (_values.TryGetValue(other.Name, out FlagValue? said) && other.Alias!.Translate(said.Texts[^1]) is { } text)
                return new FlagValue(said.Origin, [text]);
        }
        return null;
    }

    /// <summary>Adds what is said about a flag.</summary>
    public void Add(Flag flag, string origin, IReadOnlyList<string> texts) => _values[flag.Name] = new FlagValue(origin, texts);

    /// <summary>The environment's variables. An empty one says nothing: that is how compose files leave a variable out.</summary>
    public static FlagLayer OfEnvironment(FlagCatalogue catalogue, IDictionary environment)
    {
        FlagLayer layer = new();
        foreach (Flag flag in catalogue.Flags)
        {
            if (environment[flag.EnvironmentVariable] is string { Length: > 0 } text)
                layer.Add(flag, flag.EnvironmentVariable, [text]);
        }
        return layer;
    }

    /// <summary>The keys of a config file; those that stand for no flag are ignored, as nsqd does.</summary>
    /// <param name="catalogue">The flags.</param>
    /// <param name="file">The file.</param>
    /// <param name="warnings">Takes a line for each key that is ignored.</param>
    public static FlagLayer OfConfigFile(FlagCatalogue catalogue, ConfigFile file, ICollection<string> warnings)
    {
        FlagLayer layer = new();
        foreach (ConfigValue value in file.Values)
        {
            string origin = $"{file.Path}:{value.Line}: {value.Key}";
            if (catalogue.FindConfigKey(value.Key) is not { } flag)
            {
                warnings.Add($"{origin}: ignored, there is no such setting in a config file");
                continue;
            }
            if (value.Items is null) throw new SettingsException($"{origin}: takes texts, numbers and booleans, not tables and dates");
            if (!flag.IsList && value.Items.Count != 1) throw new SettingsException($"{origin}: takes one value, not a list");
            layer.Add(flag, origin, [.. value.Items.Select(item => item.IsInteger ? item.Text + flag.IntegerUnit : item.Text)]);
        }
        return layer;
    }
}
