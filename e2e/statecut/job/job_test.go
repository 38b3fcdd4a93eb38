package job

import "testing"

func TestReports(t *testing.T) {
	console := "noise\r\n" + Mark + `{"Disk":"a","N":0,"Out":"x\ny"}` + "\r\n" + Mark + `{"Disk":"b","N":0,"Exit":3}` + "\r\n" + Mark + `{"Disk":"a","N":1}` + "\n"
	all, err := Reports(console)
	if err != nil || len(all["a"]) != 2 || all["a"][0].Out != "x\ny" || all["a"][1].N != 1 || all["b"][0].Exit != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := Reports(Mark + "{half"); err == nil {
		t.Error("half a report was read")
	}
}

func TestParseNote(t *testing.T) {
	sector := append([]byte(`{"Step":"asked"}`), make([]byte, 400)...)
	if n, err := ParseNote(sector); err != nil || n.Step != "asked" {
		t.Errorf("%+v, %v", n, err)
	}
	if _, err := ParseNote(make([]byte, 512)); err == nil {
		t.Error("zeros are no note")
	}
}
