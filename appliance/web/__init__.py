"""The local web page: reads the store, hands uploads to `appliance.ingest`, knows neither networks nor DICOM."""

from appliance.web.app import create_app

__all__ = ["create_app"]
