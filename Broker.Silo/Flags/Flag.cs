using Broker.Silo.Settings;

namespace Broker.Silo.Flags;

/// <summary>One row of the <see cref="FlagCatalogue"/>.</summary>
public abstract class Flag(string name, string @default, string description)
{
    /// <summary>Name without dashes.</summary>
    public string Name => name;

    /// <summary>What holds when nobody says anything, as it would be written.</summary>
    public string Default => @default;

    /// <summary>What help says.</summary>
    public string Description => description;

    /// <summary>What it is about, as help groups the flags.</summary>
    public string Group { get; internal set; } = FlagGroup.General;

    /// <summary>Key in the config file; empty when the flag has none.</summary>
    public string ConfigKey { get; init; } = name.Replace('-', '_');

    /// <summary>The flag that this one is another way to write.</summary>
    public FlagAlias? Alias { get; init; }

    /// <summary>Name of the environment variable.</summary>
    public string EnvironmentVariable => $"BROKER_{name.Replace('-', '_').ToUpperInvariant()}";

    /// <summary>What help calls the value.</summary>
    public abstract string ValueLabel { get; }

    /// <summary>Whether the flag may stand alone, meaning true.</summary>
    public abstract bool IsSwitch { get; }

    /// <summary>Whether it may be given several times, each time adding to it.</summary>
    public abstract bool IsList { get; }

    /// <summary>Unit of a bare integer in the config file.</summary>
    public abstract string IntegerUnit { get; }

    /// <summary>Whether <paramref name="text"/> is a value of this flag.</summary>
    public abstract bool Accepts(string text);

    /// <summary>Puts the value where it belongs.</summary>
    /// <exception cref="SettingsException">It is no value of this flag.</exception>
    public abstract void Apply(FlagValue value, BrokerSettings settings);
}
