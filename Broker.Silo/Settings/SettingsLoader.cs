using System.Collections;
using Broker.Silo.Config;
using Broker.Silo.Flags;

namespace Broker.Silo.Settings;

/// <summary>Brings together what the sources say: command line before environment before config file before default.</summary>
public static class SettingsLoader
{
    /// <exception cref="SettingsException">Something that counts cannot be used; the message names where it was written.</exception>
    public static BrokerSettings Load(FlagCatalogue catalogue, FlagLayer commandLine, IDictionary environment)
    {
        List<FlagLayer> layers = [commandLine, FlagLayer.OfEnvironment(catalogue, environment)];
        FlagValue config = Find(catalogue.Find(FlagCatalogue.Config)!);
        BrokerSettings settings = new();
        if (config.Texts[^1] is { Length: > 0 } path)
        {
            ConfigFile file = ConfigFile.Read(path, config.Origin);
            layers.Add(FlagLayer.OfConfigFile(catalogue, file, settings.Warnings));
            PolicySettings.Apply(file, catalogue, settings);
        }

        foreach (Flag flag in catalogue.Flags) flag.Apply(Find(flag), settings);
        SecurityCheck.Apply(settings.Gateway);
        AdminCheck.Apply(settings.Admin, isAlone: catalogue.Program == FlagCatalogue.Nsqadmin);
        ClusterCheck.Apply(settings, catalogue.Program);
        StorageCheck.Apply(settings);
        return settings;

        FlagValue Find(Flag flag) =>
            layers.Select(layer => layer.Find(flag, catalogue)).FirstOrDefault(value => value is not null)
                ?? new FlagValue($"--{flag.Name}", [flag.Default]);
    }
}
