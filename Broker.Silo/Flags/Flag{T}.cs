using Broker.Silo.Settings;

namespace Broker.Silo.Flags;

/// <summary>A flag whose values are of type <typeparamref name="T"/>.</summary>
/// <param name="name">Name without dashes.</param>
/// <param name="type">How its text becomes a value.</param>
/// <param name="default">What holds when nobody says anything.</param>
/// <param name="description">What help says.</param>
/// <param name="set">Puts the value where it belongs; null when nothing reads it.</param>
public sealed class Flag<T>(string name, FlagType<T> type, string @default, string description, Action<BrokerSettings, T>? set = null)
    : Flag(name, @default, description)
{
    /// <summary>Whether the value is nobody's business: it is not among the options that tools can read.</summary>
    public bool IsSecret { get; init; }

    /// <inheritdoc/>
    public override string ValueLabel => type.Label;

    /// <inheritdoc/>
    public override bool IsSwitch => type.IsSwitch;

    /// <inheritdoc/>
    public override bool IsList => type.IsList;

    /// <inheritdoc/>
    public override string IntegerUnit => type.IntegerUnit;

    /// <inheritdoc/>
    public override bool Accepts(string text)
    {
        try
        {
            type.Parse([text]);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public override void Apply(FlagValue value, BrokerSettings settings)
    {
        T parsed;
        try
        {
            parsed = type.Parse(value.Texts);
        }
        catch (FormatException e)
        {
            throw new SettingsException($"{value.Origin}: {e.Message}");
        }
        if (ConfigKey.Length > 0 && !IsSecret) settings.Options[ConfigKey] = parsed;
        set?.Invoke(settings, parsed);
    }
}
